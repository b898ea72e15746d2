import { InvalidInputError } from '../../errors/index.ts';
import { formatBytes } from '../../util/format-bytes.ts';
import type { DiskImage } from '../../images/record/image.ts';

/**
 * A disk may be larger than its image: cloud-init grows the file system.
 * @throws InvalidInputError for a smaller size.
 */
export function requireImageDiskSize(
  { name, virtualBytes }: Pick<DiskImage, 'name' | 'virtualBytes'>,
  wantedBytes: number,
): void {
  if (wantedBytes >= virtualBytes) return;
  throw new InvalidInputError(
    'diskSize',
    `${formatBytes(wantedBytes)} is smaller than the image ${name} (${formatBytes(virtualBytes)})`,
    { hint: 'use at least the size of the image' },
  );
}
