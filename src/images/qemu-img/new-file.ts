import { lstat, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InvalidInputError, isSystemError } from '../../errors/index.ts';
import { unlessMissingAsync } from '../../util/files/unless-missing.ts';
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
export async function refuseExisting(path: string, naming: Naming = {}): Promise<void> {
  if (await unlessMissingAsync(lstat(path))) throw existsError(path, naming);
}

/** How the error names the file, and what helps. */
interface Naming {
  readonly field?: string;
  readonly hint?: string;
}

export function existsError(
  path: string,
  { field = 'path', hint = 'choose another name, or remove this file first' }: Naming = {},
): InvalidInputError {
  return new InvalidInputError(field, `${path} already exists`, { hint });
}
