import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { PermissionError, isSystemError } from '../../errors/index.ts';
import { writeFailure } from './write-failure.ts';

/**
 * Makes a directory for this user alone, and those above it that are not there. Node's own `recursive` goes round for
 * ever where the kernel lets nobody make a directory and calls that ENOENT, as in /proc.
 * @throws PermissionError that says what is in the way, NoSpaceError.
 */
export function makeDirectories(path: string): void {
  const refusal = make(path);
  if (refusal === undefined) return;
  const parent = dirname(path);
  if (!isSystemError(refusal, 'ENOENT') || parent === path) throw explain(refusal, path);
  makeDirectories(parent);
  const again = make(path);
  if (again !== undefined) throw explain(again, path);
}

/** @returns why there is no directory now. */
function make(path: string): unknown {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // On a read-only file system it may be there all the same.
    if (!isDirectory(path)) return error;
  }
  return undefined;
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  }
}

function explain(error: unknown, path: string): unknown {
  const reason = reasonOf(error, path);
  if (reason === undefined) return writeFailure(error, path);
  return new PermissionError(`the directory ${path} cannot be made: ${reason}`, {
    hint: 'name a place of your own; where vmlet has its files, the XDG variables say',
    cause: error,
  });
}

function reasonOf(error: unknown, path: string): string | undefined {
  if (!isSystemError(error)) return undefined;
  const parent = dirname(path);
  switch (error.code) {
    case 'EACCES':
    case 'EPERM':
      return `this user may not make one in ${parent}`;
    case 'EROFS':
      return `${parent} is on a file system that is read-only`;
    case 'ENOENT':
      return `${parent} is no place for directories`;
    case 'ENOTDIR':
      return `${parent} is no directory`;
    case 'EEXIST':
      return 'something else has its name';
    default:
      return undefined;
  }
}
