import { dirname } from 'node:path';
import { ImageNotFoundError } from '../../errors/index.ts';
import { type DiskLayer, verificationOf } from '../../images/record/image.ts';
import type { Verification } from '../../images/record/manifest.ts';
import { describeImage, layersOn } from '../../images/store/remove-image.ts';
import { type ListedImage, listImages, requireImage } from '../../images/store/store.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { FileMeter } from '../../util/files/file-usage.ts';
import { findImageUsers } from './image-users.ts';

/** All that is known of one image. */
export type InspectedImage = ListedImage & {
  readonly directory: string;
  /** What its files take up on the host: holes do not count. */
  readonly hostBytes: number;
  /** How sure it is that this is what its publisher made; undefined for what was made here. */
  readonly verification: Verification | undefined;
  /** Files of other images that it takes the rest of its contents from, the nearest first. */
  readonly standsOn: readonly string[];
  /** Who needs it, in words: machines, kept disks, images that stand on it. While there is one, it cannot be removed. */
  readonly usedBy: readonly string[];
};

/** @throws ImageNotFoundError, InvalidInputError for what can be neither a name nor the beginning of a digest. */
export async function inspectImage(locations: Locations, reference: string): Promise<InspectedImage> {
  const { digest } = await requireImage(locations.images, reference);
  const { images } = await listImages(locations.images);
  const image = images.find((listed) => listed.digest === digest);
  // Removed since it was found.
  if (!image) throw new ImageNotFoundError(reference);
  const directory = dirname(image.kind === 'disk' ? image.path : image.kernelPath);
  return {
    ...image,
    directory,
    hostBytes: new FileMeter().measure(directory).hostBytes,
    verification: verificationOf(image),
    standsOn: image.kind === 'disk' ? pathsBelow(image) : [],
    usedBy: [...findImageUsers(locations)(image), ...layersOn(image, images).map(describeImage)],
  };
}

function pathsBelow({ backing }: DiskLayer): string[] {
  return backing ? [backing.path, ...pathsBelow(backing)] : [];
}
