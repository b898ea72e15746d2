import { NoSpaceError, PermissionError, isSystemError } from '../../errors/index.ts';

/** Says what an errno means for the user of the store; anything else passes through. */
export function storeError(error: unknown, store: string): unknown {
  if (isSystemError(error, 'ENOSPC', 'EDQUOT')) {
    return new NoSpaceError(`the disk is full: no room for an image in ${store}`, {
      hint: 'Make room, or set XDG_DATA_HOME to a place that has it.',
      cause: error,
    });
  }
  if (isSystemError(error, 'EACCES', 'EPERM', 'EROFS')) {
    return new PermissionError(`the image store ${store} cannot be written`, {
      hint: 'See who owns it, or set XDG_DATA_HOME to a place of your own.',
      cause: error,
    });
  }
  return error;
}
