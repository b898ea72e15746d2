import { lstat, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InvalidInputError, isSystemError } from '../../errors/index.ts';
import { writeFailure } from '../../util/files/write-failure.ts';

/** Runs `make` on a path that was free, and frees it again when that fails. */
export async function makeNew(path: string, make: () => Promise<unknown>): Promise<void> {
  try {
    await (await open(path, 'wx')).close();
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) throw existsError(path);
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) {
      throw new InvalidInputError('path', `there is no directory ${dirname(path)}`, { cause: error });
    }
    if (isSystemError(error, 'ENAMETOOLONG')) {
      throw new InvalidInputError('path', `the name is too long: ${path}`, { cause: error });
    }
    throw writeFailure(error, path);
  }
  try {
    await make();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/** @throws InvalidInputError where there is something at the path, be it a symbolic link that leads nowhere. */
export async function refuseExisting(path: string): Promise<void> {
  try {
    await lstat(path);
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return;
    throw error;
  }
  throw existsError(path);
}

export function existsError(
  path: string,
  hint = 'Take another name, or remove it first.',
): InvalidInputError {
  return new InvalidInputError('path', `${path} exists already`, { hint });
}
