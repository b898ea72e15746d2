import { ImageRefusedError, ProgramAnswerError } from '../../errors/index.ts';
import type { DiskFormat } from '../formats/disk-info.ts';
import { readVirtualSize } from '../header/virtual-size.ts';

/**
 * A qemu-img that ends well has not always done what it was told: another program may have its name, and a server may
 * have lost what was written.
 * @param bytes how large the disk is to be; any size by default.
 * @throws ProgramAnswerError where the file is not a disk of this format and size.
 */
export async function requireMade(path: string, format: DiskFormat, bytes?: number): Promise<void> {
  const found = await sizeOf(path, format);
  if (found !== undefined && found > 0 && (bytes === undefined || found === bytes)) return;
  const wanted = bytes === undefined ? `a ${format} disk` : `a ${format} disk of ${bytes} bytes`;
  throw new ProgramAnswerError('qemu-img', `${path} is not ${wanted}`);
}

/** Undefined for what is no disk. */
async function sizeOf(path: string, format: DiskFormat): Promise<number | undefined> {
  try {
    return await readVirtualSize(path, format, 'path');
  } catch (error) {
    if (error instanceof ImageRefusedError) return undefined;
    throw error;
  }
}
