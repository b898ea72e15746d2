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
      hint: 'make this file system writable, or choose a path on another file system',
      cause: error,
    });
  }
  return spaceFailure(error, path);
}

/** Like `writeFailure`, but returns an error about permissions unchanged. */
export function spaceFailure(error: unknown, path: string): unknown {
  if (isSystemError(error, 'ENOSPC', 'EDQUOT')) {
    const problem = error.code === 'EDQUOT' ? 'disk quota exceeded' : 'no space left on device';
    return new NoSpaceError(`${problem}: ${path}`, { cause: error });
  }
  if (isSystemError(error, 'EFBIG')) {
    return new NoSpaceError(`file too large: ${path}`, {
      hint: 'if ulimit -f limits the size of files, run: ulimit -f unlimited; otherwise, use a file system that allows larger files',
      cause: error,
    });
  }
  return error;
}
