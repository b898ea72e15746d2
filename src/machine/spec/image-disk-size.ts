import { InvalidInputError } from '../../errors/index.ts';
import { formatBytes } from '../../images/qemu-img/disk-size.ts';
import type { DiskImage } from '../../images/record/image.ts';

/**
 * A disk may be larger than its image: what reads the seed lets the file system grow into it.
 * @throws InvalidInputError for one that would be smaller.
 */
export function requireImageDiskSize(
  { name, virtualBytes }: Pick<DiskImage, 'name' | 'virtualBytes'>,
  wantedBytes: number,
): void {
  if (wantedBytes >= virtualBytes) return;
  throw new InvalidInputError(
    'diskSize',
    `${formatBytes(wantedBytes)} is less than the ${formatBytes(virtualBytes)} of the image ${name}`,
    { hint: 'a disk can only be larger than its image' },
  );
}
