import { ImageRefusedError } from '../../errors/index.ts';
import type { DiskFormat } from '../formats/disk-info.ts';
import { withImageFile } from './image-file.ts';
import { readHeader } from './read-header.ts';

/**
 * Reads an image's virtual size in bytes, from the header alone: the image is not checked, and no file that it names
 * is opened.
 * @param field names the image in errors.
 * @throws InvalidInputError for a missing or unreadable image; ImageRefusedError for one that is not a regular file,
 *   or has no readable size.
 */
export async function readVirtualSize(path: string, format: DiskFormat, field: string): Promise<number> {
  const header = await withImageFile(path, field, async (source) => readHeader(source, format));
  if (header.virtualBytes !== undefined) return header.virtualBytes;
  throw new ImageRefusedError(
    field,
    path,
    header.problems.map(({ reason }) => reason),
  );
}
