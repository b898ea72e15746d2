import { connect } from 'node:net';
import { lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { InvalidInputError } from '../errors/index.ts';
import { ownLocations } from '../machine/paths/own-locations.ts';
import {
  claimDirectory,
  ensurePrivateDirectory,
  sweepDeadOwners,
} from '../machine/paths/runtime-directory.ts';
import { removeFile } from '../util/files/removal.ts';
import type { Scope } from '../util/scope.ts';

/** Creates a directory that only this user can enter, for sockets and secrets; it is removed with the scope. */
export function claimRuntimeDirectory(scope: Scope): string {
  const { runtime } = ownLocations();
  sweepDeadOwners(runtime);
  return claimDirectory(runtime, scope);
}

/** The errors of connecting to a socket that no program listens on. */
const UNSERVED = ['ECONNREFUSED', 'ENOENT'];

/**
 * Prepares a path to listen on: creates its directory, which only this user may enter, and removes a socket without a
 * server.
 * @throws InvalidInputError when the path is taken, PermissionError
 */
export async function claimSocketPath(path: string): Promise<void> {
  ensurePrivateDirectory(dirname(path));
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket())
    throw new InvalidInputError('socket', `file already exists: ${path}`, {
      hint: 'choose another path, or remove the file',
    });
  if (await isServed(path)) {
    throw new InvalidInputError('socket', `another process listens on ${path}`, {
      hint: 'choose another path, or end that process',
    });
  }
  removeFile(path);
}

async function isServed(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const connection = connect(path);
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', (error: NodeJS.ErrnoException) => {
      if (UNSERVED.includes(error.code ?? '')) resolve(false);
      else reject(error);
    });
  });
}
