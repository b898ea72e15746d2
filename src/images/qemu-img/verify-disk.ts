import { ImageRefusedError, ProgramAnswerError } from '../../errors/index.ts';
import type { DiskFormat } from '../formats/disk-info.ts';
import { readVirtualSize } from '../header/virtual-size.ts';

/**
 * Verifies a disk that qemu-img wrote. Exit status 0 is not enough: the program may be something other than qemu-img,
 * and a file server may have lost the data.
 * @param bytes the expected size of the disk; any size by default.
 * @throws ProgramAnswerError when the file is not a disk of this format and size.
 */
export async function verifyDisk(path: string, format: DiskFormat, bytes?: number): Promise<void> {
  const found = await sizeOf(path, format);
  if (found !== undefined && found > 0 && (bytes === undefined || found === bytes)) return;
  const expected = bytes === undefined ? `a ${format} disk` : `a ${format} disk of ${bytes} bytes`;
  throw new ProgramAnswerError('qemu-img', `${path} is not ${expected}`);
}

/** Undefined when the file is not a disk. */
async function sizeOf(path: string, format: DiskFormat): Promise<number | undefined> {
  try {
    return await readVirtualSize(path, format, 'path');
  } catch (error) {
    if (error instanceof ImageRefusedError) return undefined;
    throw error;
  }
}
