import { NoSpaceError, PermissionError, isSystemError } from '../../errors/index.ts';

/** What an errno means for the user of a file that is written; anything else passes through. */
export function writeFailure(error: unknown, path: string): unknown {
  if (isSystemError(error, 'ENOSPC', 'EDQUOT')) {
    return new NoSpaceError(`the disk is full: there is no room for ${path}`, { cause: error });
  }
  if (isSystemError(error, 'EFBIG')) {
    return new NoSpaceError(`${path} would be larger than its file system or this user's limit allows`, {
      cause: error,
    });
  }
  if (isSystemError(error, 'EACCES', 'EPERM', 'EROFS')) {
    return new PermissionError(`${path} cannot be written by this user`, { cause: error });
  }
  return error;
}
