import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { PermissionError, isSystemError } from '../../errors/index.ts';
import { writeFailure } from './write-failure.ts';

/**
 * Creates a directory for this user alone, and its missing parents. Node's own `recursive` loops forever when
 * the kernel denies the creation of a directory with ENOENT, as in /proc.
 * @throws PermissionError with the reason, NoSpaceError.
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
    // On a read-only file system it may already exist.
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
  return new PermissionError(`cannot create directory ${path}: ${reason}`, {
    hint: hintFor(error, path),
    cause: error,
  });
}

function hintFor(error: unknown, path: string): string {
  if (isSystemError(error, 'EEXIST')) return 'move or remove the file at this path';
  if (isSystemError(error, 'EROFS'))
    return 'choose a path on a writable file system; if vmlet chose this path, set XDG_DATA_HOME, XDG_STATE_HOME and XDG_CACHE_HOME to writable directories';
  const advice = isSystemError(error, 'EACCES', 'EPERM')
    ? `check the owner and the permissions of ${dirname(path)}`
    : 'choose another path';
  return `${advice}; if vmlet chose this path, check HOME and the XDG variables, such as XDG_DATA_HOME`;
}

function reasonOf(error: unknown, path: string): string | undefined {
  if (!isSystemError(error)) return undefined;
  const parent = dirname(path);
  switch (error.code) {
    case 'EACCES':
    case 'EPERM':
      return `permission denied: ${parent}`;
    case 'EROFS':
      return `read-only file system: ${parent}`;
    case 'ENOENT':
      return `${parent} does not allow new directories`;
    case 'ENOTDIR':
      return `a part of ${parent} is not a directory`;
    case 'EEXIST':
      return 'the path exists, but is not a directory';
    default:
      return undefined;
  }
}
