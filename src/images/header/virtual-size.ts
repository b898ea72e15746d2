import { ImageRefusedError } from '../../errors/index.ts';
import type { DiskFormat } from '../formats/disk-info.ts';
import { withImageFile } from './image-file.ts';
import { readHeader } from './read-header.ts';

/**
 * The size in bytes of the disk that a guest sees in an image, by its header alone: it is not judged, and no file that
 * it names is opened.
 * @param field names the image in errors.
 * @throws InvalidInputError for one that is not there or may not be read; ImageRefusedError for what is no file, or has
 *   a header that does not tell.
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
