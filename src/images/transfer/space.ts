import { statfs } from 'node:fs/promises';
import { NoSpaceError } from '../../errors/index.ts';
import { formatBytes } from '../qemu-img/disk-size.ts';

/** For an ordinary user. */
export async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

/**
 * @param bytes that are to be written into the directory.
 * @param reserveBytes that shall be free even then.
 * @throws NoSpaceError where there is not as much room for an ordinary user.
 */
export async function requireSpace(directory: string, bytes: number, reserveBytes: number): Promise<void> {
  const free = await freeBytes(directory);
  if (free >= bytes + reserveBytes) return;
  const needed = `${formatBytes(bytes)} are needed there, and ${formatBytes(reserveBytes)} stay free`;
  throw new NoSpaceError(`the disk is full: ${directory} has room for ${formatBytes(free)}; ${needed}`, {
    hint: 'make room: vmlet system df shows what vmlet itself has there',
  });
}
