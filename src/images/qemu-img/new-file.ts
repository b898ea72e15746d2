import { lstat, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InvalidInputError, isSystemError } from '../../errors/index.ts';
import { writeFailure } from '../../util/files/write-failure.ts';

/** Creates an empty file and runs `make` to fill it; removes the file when that fails. Never replaces a file. */
export async function makeNew(path: string, make: () => Promise<unknown>): Promise<void> {
  try {
    await (await open(path, 'wx')).close();
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) throw existsError(path);
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) {
      throw new InvalidInputError('path', `no such directory: ${dirname(path)}`, {
        hint: 'create the directory first, or choose another path',
        cause: error,
      });
    }
    if (isSystemError(error, 'ENAMETOOLONG')) {
      throw new InvalidInputError('path', `file name too long: ${path}`, { cause: error });
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

/** @throws InvalidInputError when the path exists, even as a dangling symbolic link. */
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
  hint = 'choose another name, or remove this file first',
): InvalidInputError {
  return new InvalidInputError('path', `${path} already exists`, { hint });
}
