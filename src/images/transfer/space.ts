import { statfs } from 'node:fs/promises';
import { NoSpaceError } from '../../errors/index.ts';
import { formatBytes } from '../../util/format-bytes.ts';

/** Returns the free space for an ordinary user. */
export async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

/**
 * Checks that a directory has enough free space for an ordinary user.
 * @param bytes to be written.
 * @param reserveBytes that have to stay free.
 * @throws NoSpaceError
 */
export async function requireSpace(directory: string, bytes: number, reserveBytes: number): Promise<void> {
  const free = await freeBytes(directory);
  if (free >= bytes + reserveBytes) return;
  const needed = `${formatBytes(bytes)} and a reserve of ${formatBytes(reserveBytes)} are needed`;
  throw new NoSpaceError(
    `not enough space in ${directory}: ${needed}, but only ${formatBytes(free)} is free`,
  );
}
