import { CommandFailedError, ImageBuildError, NoSpaceError } from '../../../errors/index.ts';
import { run } from '../../../process/run.ts';
import { MAY_GAIN_PRIVILEGES } from '../../../process/confine/tether.ts';
import { plainEnvironment } from '../../packages/plain-environment.ts';
import { inNamespace } from '../../packages/namespace.ts';
import { type Partition, SECTOR_BYTES } from './partition-table.ts';

/** Makes an ext4 on a disk out of a directory in which a namespace installed a system. */
export async function writeRootFileSystem(
  disk: string,
  { firstSector, sectors }: Partition,
  root: string,
  rootId: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  // The disk's file is new, and so there is nothing but zeros in it: else the first guest's kernel would write them.
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
      throw new ImageBuildError('the new system does not fit on its disk', {
        hint: 'Give it a larger one: the size takes no room on the host before it is used.',
        cause: error,
      });
    }
    if (/No space left on device|Disk quota exceeded/i.test(error.stderr)) {
      throw new NoSpaceError('the disk is full: no room for the new system', { cause: error });
    }
    throw error;
  }
}
