import { once } from 'node:events';
import { accessSync, constants, lstatSync } from 'node:fs';
import { createConnection } from 'node:net';
import { dirname } from 'node:path';
import { InvalidInputError, isSystemError } from '../../errors/index.ts';
import { removeFile } from '../../util/files/removal.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import { deniedSocket, existingSocket } from './listen-failure.ts';

/**
 * Makes way for a socket: removes this user's own socket on which no process listens, as a killed machine leaves it.
 * @throws InvalidInputError for any other file, and for a missing directory; PermissionError.
 */
export async function freeSocketPath(path: string, signal?: AbortSignal): Promise<void> {
  switch (await removeStaleSocket(path, signal)) {
    case 'free':
      requireDirectory(path);
      return;
    case 'served':
      throw new InvalidInputError('ports', `another process listens on ${path}`, {
        hint: 'choose another path, or end that process',
      });
    case 'other':
      throw existingSocket(path);
  }
}

/**
 * Removes this user's socket on which no process listens.
 * @returns what is at the path: nothing now, a socket in use, or another file.
 */
export async function removeStaleSocket(
  path: string,
  signal?: AbortSignal,
): Promise<'free' | 'served' | 'other'> {
  const found = unlessMissing(() => lstatSync(path));
  if (!found) return 'free';
  if (!found.isSocket() || found.uid !== process.getuid?.()) return 'other';
  if (await isServed(path, signal)) return 'served';
  removeFile(path);
  return 'free';
}

function requireDirectory(path: string): void {
  const directory = dirname(path);
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    if (isSystemError(error, 'EACCES', 'EPERM', 'EROFS')) {
      throw deniedSocket(directory, error);
    }
    throw new InvalidInputError('ports', `no such directory: ${directory}`, {
      hint: 'create the directory, or choose another path',
      cause: error,
    });
  }
}

async function isServed(path: string, signal: AbortSignal | undefined): Promise<boolean> {
  const connection = createConnection(path);
  try {
    await once(connection, 'connect', { signal });
    return true;
  } catch (error) {
    signal?.throwIfAborted();
    if (isSystemError(error, 'ECONNREFUSED', 'ENOENT')) return false;
    // Its queue is full, for example.
    if (isSystemError(error)) return true;
    throw error;
  } finally {
    connection.destroy();
  }
}
