import type { Stats } from 'node:fs';
import { type FileHandle, constants, open, stat } from 'node:fs/promises';
import { InvalidInputError, isSystemError } from '../../errors/index.ts';
import { NO_SUCH_FILE } from './unless-missing.ts';

/** A file that may meanwhile be another one than the checked one must not block, nor become the terminal. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

export interface UserFile {
  readonly handle: FileHandle;
  /** The state of the open file. */
  readonly stats: Stats;
}

/**
 * Opens a file that the user named. Only regular files are opened: a named pipe would block, and opening a device can
 * have side effects.
 * @param field names the file in errors, as in `disks[0]`.
 * @param refusal the error for other kinds, such as `a directory`.
 * @throws InvalidInputError for a missing or unreadable file, or the refusal.
 */
export async function openUserFile(
  path: string,
  field: string,
  refusal: (kind: string) => Error = (kind) =>
    new InvalidInputError(field, `${path} is ${kind}, not a regular file`),
): Promise<UserFile> {
  const requireRegular = (stats: Stats): Stats => {
    if (stats.isFile()) return stats;
    throw refusal(kindOf(stats));
  };
  let handle: FileHandle;
  try {
    requireRegular(await stat(path));
    handle = await open(path, FLAGS);
  } catch (error) {
    // A socket, which cannot be opened, has replaced the file in the meantime.
    throw isSystemError(error, 'ENXIO') ? refusal('a socket') : explainUnreadable(error, path, field);
  }
  try {
    return { handle, stats: requireRegular(await handle.stat()) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** @returns InvalidInputError for a missing or unreadable file; other errors as they are. */
export function explainUnreadable(error: unknown, path: string, field: string): unknown {
  if (isSystemError(error, ...NO_SUCH_FILE)) {
    return new InvalidInputError(field, `no such file: ${path}`, { cause: error });
  }
  if (isSystemError(error, 'EACCES', 'EPERM')) {
    return new InvalidInputError(field, `permission denied: ${path}`, {
      hint: 'check the owner and the permissions of the file and of its directories',
      cause: error,
    });
  }
  return error;
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a directory';
  if (stats.isFIFO()) return 'a named pipe';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}
