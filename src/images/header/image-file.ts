import type { Stats } from 'node:fs';
import { type FileHandle, constants, open, stat } from 'node:fs/promises';
import { ImageRefusedError, InvalidInputError, isSystemError } from '../../errors/index.ts';
import type { ByteSource } from './formats/byte-source.ts';

/**
 * Opens an image, and closes it after `use`. Only regular files are opened: a named pipe would block, and opening a
 * device can have side effects.
 * @param field names the image in errors, as in `disks[0]`.
 * @throws InvalidInputError for a missing or unreadable file, ImageRefusedError for one that is not a regular file.
 */
export async function withImageFile<T>(
  path: string,
  field: string,
  use: (source: ByteSource) => Promise<T>,
): Promise<T> {
  const handle = await openFile(path, field);
  try {
    // Checked again, because the file may have been replaced before it was opened.
    const stats = await handle.stat();
    refuseOthers(stats, path, field);
    return await use({ size: stats.size, read: async (offset, length) => readAt(handle, offset, length) });
  } finally {
    await handle.close();
  }
}

async function openFile(path: string, field: string): Promise<FileHandle> {
  try {
    refuseOthers(await stat(path), path, field);
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG')) {
      throw new InvalidInputError(field, `no such file: ${path}`, { cause: error });
    }
    if (isSystemError(error, 'EACCES', 'EPERM')) {
      throw new InvalidInputError(field, `permission denied: ${path}`, {
        hint: 'check the owner and the permissions of the file and of its directories',
        cause: error,
      });
    }
    throw error;
  }
}

function refuseOthers(stats: Stats, path: string, field: string): void {
  if (stats.isFile()) return;
  throw new ImageRefusedError(field, path, [`is ${kindOf(stats)}, not a regular file`]);
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a directory';
  if (stats.isFIFO()) return 'a named pipe';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}

async function readAt(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
