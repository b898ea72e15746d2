import { CommandFailedError, ImageBuildError, NoSpaceError } from '../../../errors/index.ts';
import { run } from '../../../process/run.ts';
import { MAY_GAIN_PRIVILEGES } from '../../../process/confine/tether.ts';
import { plainEnvironment } from '../../../util/system/plain-environment.ts';
import { inNamespace } from '../../packages/namespace.ts';
import { type Partition, SECTOR_BYTES } from './partition-table.ts';

/** Creates an ext4 file system on a disk from a directory, which is read with the ownership of the namespace. */
export async function writeRootFileSystem(
  disk: string,
  { firstSector, sectors }: Partition,
  root: string,
  rootId: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  // The file is new and so already zeroed; otherwise the kernel of the first guest would zero the inode tables.
  const extended = `offset=${firstSector * SECTOR_BYTES},nodiscard,assume_storage_prezeroed=1`;
  const what = ['-t', 'ext4', '-U', rootId, '-L', 'root', '-m', '0', '-d', root, '-E', extended];
  const kibibytes = `${Math.floor((sectors * SECTOR_BYTES) / 1024)}k`;
  try {
    await run(inNamespace(['mke2fs', '-q', '-F', ...what, disk, kibibytes]), {
      environment: {
        ...plainEnvironment(),
        PATH: `${process.env['PATH'] ?? '/usr/bin:/bin'}:/usr/sbin:/sbin`,
      },
      signal,
      confinement: MAY_GAIN_PRIVILEGES,
    });
  } catch (error) {
    if (!(error instanceof CommandFailedError)) throw error;
    if (/Could not allocate (block|inode)/i.test(error.stderr)) {
      throw new ImageBuildError('the image is too small for the installed system', {
        hint: 'use a larger --size; the unused part of the image takes no space on the host',
        cause: error,
      });
    }
    if (/No space left on device|Disk quota exceeded/i.test(error.stderr)) {
      throw new NoSpaceError(`no space left on device: ${disk}`, { cause: error });
    }
    throw error;
  }
}
