import { NoSpaceError, PermissionError, isSystemError } from '../../errors/index.ts';

/** Converts a system error into an error about the store; returns other errors unchanged. */
export function storeError(error: unknown, store: string): unknown {
  if (isSystemError(error, 'ENOSPC', 'EDQUOT')) {
    return new NoSpaceError(`no space left on device: ${store}`, {
      hint: 'free some space (vmlet system df shows what vmlet uses), or set XDG_DATA_HOME to a directory on another file system; vmlet then no longer finds your existing images and machines',
      cause: error,
    });
  }
  if (isSystemError(error, 'EROFS')) {
    return new PermissionError(`read-only file system: ${store}`, {
      hint: 'make this file system writable, or set XDG_DATA_HOME to a directory on another file system; vmlet then no longer finds your existing images and machines',
      cause: error,
    });
  }
  if (isSystemError(error, 'EACCES', 'EPERM')) {
    return new PermissionError(`permission denied: ${store}`, {
      hint: 'check the owner and the permissions of this directory and of the files in it',
      cause: error,
    });
  }
  return error;
}
