import { NoSpaceError, PermissionError, isSystemError } from '../../errors/index.ts';

/** Converts a system error into an error about the store; returns other errors unchanged. */
export function storeError(error: unknown, store: string): unknown {
  if (isSystemError(error, 'ENOSPC', 'EDQUOT')) {
    return new NoSpaceError(`no space left on device: ${store}`, {
      hint: 'free some space, or set XDG_DATA_HOME to another file system',
      cause: error,
    });
  }
  if (isSystemError(error, 'EROFS')) {
    return new PermissionError(`read-only file system: ${store}`, {
      hint: 'set XDG_DATA_HOME to a directory on a writable file system',
      cause: error,
    });
  }
  if (isSystemError(error, 'EACCES', 'EPERM')) {
    return new PermissionError(`permission denied: ${store}`, {
      hint: 'check the permissions of the image store, or set XDG_DATA_HOME to another directory',
      cause: error,
    });
  }
  return error;
}
