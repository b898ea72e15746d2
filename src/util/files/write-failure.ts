import { NoSpaceError, PermissionError, isSystemError } from '../../errors/index.ts';

/**
 * Converts the error of a failed write to one that is meaningful to the user; other errors are returned
 * unchanged.
 */
export function writeFailure(error: unknown, path: string): unknown {
  if (isSystemError(error, 'EACCES', 'EPERM')) {
    return new PermissionError(`permission denied: ${path}`, {
      hint: 'check the owner and the permissions of this path and of its directory',
      cause: error,
    });
  }
  if (isSystemError(error, 'EROFS')) {
    return new PermissionError(`read-only file system: ${path}`, {
      hint: 'choose a path on a writable file system',
      cause: error,
    });
  }
  return spaceFailure(error, path);
}

/** Like `writeFailure`, but returns an error about permissions unchanged. */
export function spaceFailure(error: unknown, path: string): unknown {
  if (isSystemError(error, 'ENOSPC', 'EDQUOT')) {
    return new NoSpaceError(`no space left on device: ${path}`, { cause: error });
  }
  if (isSystemError(error, 'EFBIG')) {
    return new NoSpaceError(`file too large for its file system or this user's limit: ${path}`, {
      hint: 'use a file system that stores larger files, or raise the limit: ulimit -f',
      cause: error,
    });
  }
  return error;
}
