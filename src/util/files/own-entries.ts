import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs';
import { isSystemError } from '../../errors/index.ts';

export const OTHERS_WRITE = 0o022;
export const OTHERS_ENTER = 0o077;

/** True for a directory, not a symbolic link, that belongs to this user and has none of the forbidden mode bits. */
export function isOwnDirectory(path: string, forbiddenMode: number): boolean {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    return (
      found !== undefined &&
      found.isDirectory() &&
      found.uid === process.getuid?.() &&
      (found.mode & forbiddenMode) === 0
    );
  } catch (error) {
    // A parent directory is not accessible to this user.
    if (isSystemError(error, 'EACCES')) return false;
    throw error;
  }
}

/**
 * Reads a file that this user trusts, in a directory that all users may share.
 * @returns undefined for a file that another user may have written.
 * @throws the system's error, as for a missing file and for a symbolic link.
 */
export function readOwnFile(path: string): Buffer | undefined {
  return withOwnFile(path, (descriptor) => readFileSync(descriptor));
}

/** The same, for another way to read: `read` gets the open file and its size in bytes. */
export function withOwnFile<Contents>(
  path: string,
  read: (descriptor: number, size: number) => Contents,
): Contents | undefined {
  // O_NONBLOCK: opening a FIFO must not block.
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = fstatSync(descriptor);
    const isOwn = found.isFile() && found.uid === process.getuid?.() && (found.mode & OTHERS_WRITE) === 0;
    return isOwn ? read(descriptor, found.size) : undefined;
  } finally {
    closeSync(descriptor);
  }
}
