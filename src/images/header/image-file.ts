import type { FileHandle } from 'node:fs/promises';
import { ImageRefusedError } from '../../errors/index.ts';
import { openUserFile } from '../../util/files/user-file.ts';
import type { ByteSource } from './formats/byte-source.ts';

/**
 * Opens an image, and closes it after `use`.
 * @param field names the image in errors, as in `disks[0]`.
 * @throws InvalidInputError for a missing or unreadable file, ImageRefusedError for one that is not a regular file.
 */
export async function withImageFile<T>(
  path: string,
  field: string,
  use: (source: ByteSource) => Promise<T>,
): Promise<T> {
  const { handle, stats } = await openUserFile(
    path,
    field,
    (kind) => new ImageRefusedError(field, path, [`is ${kind}, not a regular file`]),
  );
  try {
    return await use({ size: stats.size, read: async (offset, length) => readAt(handle, offset, length) });
  } finally {
    await handle.close();
  }
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
