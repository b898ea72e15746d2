import { dirname } from 'node:path';
import { InvalidInputError } from '../errors/index.ts';
import { ownLocations } from '../machine/paths/own-locations.ts';
import {
  claimDirectory,
  ensurePrivateDirectory,
  sweepDeadOwners,
} from '../machine/paths/runtime-directory.ts';
import { removeStaleSocket } from '../network/ports/free-socket-path.ts';
import type { Scope } from '../util/scope.ts';

/** Creates a directory that only this user can enter, for sockets and secrets; it is removed with the scope. */
export function claimRuntimeDirectory(scope: Scope): string {
  const { runtime } = ownLocations();
  sweepDeadOwners(runtime);
  return claimDirectory(runtime, scope);
}

/**
 * Prepares a path to listen on: creates its directory, which only this user may enter, and removes this user's socket
 * without a server.
 * @throws InvalidInputError when the path is taken, PermissionError
 */
export async function claimSocketPath(path: string): Promise<void> {
  ensurePrivateDirectory(dirname(path));
  switch (await removeStaleSocket(path)) {
    case 'free':
      return;
    case 'served':
      throw new InvalidInputError('socket', `another process listens on ${path}`, {
        hint: 'choose another path, or end that process',
      });
    case 'other':
      throw new InvalidInputError('socket', `file already exists: ${path}`, {
        hint: 'choose another path, or remove the file',
      });
  }
}
