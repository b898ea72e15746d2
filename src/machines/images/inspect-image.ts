import { dirname } from 'node:path';
import { ImageNotFoundError } from '../../errors/index.ts';
import { type DiskLayer, type Image, verificationOf } from '../../images/record/image.ts';
import type { Verification } from '../../images/record/manifest.ts';
import { type UsersOf, describeImage, layersOn } from '../../images/store/remove-image.ts';
import { type ListedImage, listImages, requireImage } from '../../images/store/store.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { FileMeter } from '../../util/files/file-usage.ts';
import { findImageUsers } from './image-users.ts';

/** Details of one image. */
export type InspectedImage = ListedImage & {
  readonly directory: string;
  /** Space used on the host, without holes. */
  readonly hostBytes: number;
  /** How the image was verified against its publisher; undefined for images built here. */
  readonly verification: Verification | undefined;
  /** Files of other images that it is based on, closest first. */
  readonly standsOn: readonly string[];
  /** Users in words: machines, kept disks, images based on it. An image with users cannot be removed. */
  readonly usedBy: readonly string[];
};

/** @throws ImageNotFoundError, or InvalidInputError for an invalid name or digest prefix. */
export async function inspectImage(locations: Locations, reference: string): Promise<InspectedImage> {
  const { digest } = await requireImage(locations.images, reference);
  const { images } = await listImages(locations.images);
  const image = images.find((listed) => listed.digest === digest);
  // It was removed in the meantime.
  if (!image) throw new ImageNotFoundError(reference);
  const directory = dirname(image.kind === 'disk' ? image.path : image.kernelPath);
  return {
    ...image,
    directory,
    hostBytes: new FileMeter().measure(directory).hostBytes,
    verification: verificationOf(image),
    standsOn: image.kind === 'disk' ? pathsBelow(image) : [],
    usedBy: describeUsers(image, images, await findImageUsers(locations)),
  };
}

/** Returns the users of every image, as in `InspectedImage`, by its digest. */
export async function usersOfImages(locations: Locations): Promise<ReadonlyMap<string, readonly string[]>> {
  const { images } = await listImages(locations.images);
  const usersOf = await findImageUsers(locations);
  return new Map(images.map((image) => [image.digest, describeUsers(image, images, usersOf)]));
}

function describeUsers(image: Image, images: readonly ListedImage[], usersOf: UsersOf): string[] {
  return [...usersOf(image), ...layersOn(image, images).map(describeImage)];
}

function pathsBelow({ backing }: DiskLayer): string[] {
  return backing ? [backing.path, ...pathsBelow(backing)] : [];
}
