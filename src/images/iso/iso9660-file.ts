import type { FileHandle } from 'node:fs/promises';
import { InvalidInputError } from '../../errors/index.ts';
import { openUserFile } from '../../util/files/user-file.ts';
import { type Extent, IsoDamage } from './iso9660-format.ts';

const MAX_DIRECTORY_BYTES = 16 * 1024 * 1024;

/** The file of an image, read only within its bounds. */
export class IsoFile {
  readonly path: string;
  readonly handle: FileHandle;
  /** Bytes. */
  readonly size: number;

  constructor(path: string, handle: FileHandle, size: number) {
    this.path = path;
    this.handle = handle;
    this.size = size;
  }

  check({ offset, length }: Extent, what: string): void {
    if (offset + length > this.size) {
      throw new IsoDamage(
        `${what} ends at byte ${offset + length}, but the image has only ${this.size} bytes`,
      );
    }
  }

  async read({ offset, length }: Extent): Promise<Buffer> {
    const data = Buffer.alloc(length);
    const { bytesRead } = await this.handle.read(data, 0, length, offset);
    if (bytesRead < length) throw new IsoDamage('the file was truncated while it was read');
    return data;
  }

  async readDirectory(extent: Extent | undefined, path: string): Promise<Buffer> {
    if (extent === undefined || extent.length === 0) throw new IsoDamage(`the directory ${path} is empty`);
    this.check(extent, `the directory ${path}`);
    if (extent.length > MAX_DIRECTORY_BYTES) {
      throw new IsoDamage(
        `the directory ${path} is too large: ${extent.length} bytes (vmlet reads at most ${MAX_DIRECTORY_BYTES})`,
      );
    }
    return this.read(extent);
  }
}

export async function openIsoFile(path: string): Promise<IsoFile> {
  const { handle, stats } = await openUserFile(
    path,
    'location',
    (kind) =>
      new InvalidInputError('location', `${path} is ${kind}, not a regular file`, {
        hint: 'give an .iso file, or a directory with the contents of an .iso file',
      }),
  );
  return new IsoFile(path, handle, stats.size);
}
