import { readFile, readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ImageNotFoundError, InvalidInputError } from '../../errors/index.ts';
import { type GuestDescription, isSameGuest } from '../record/guest-description.ts';
import {
  type DiskImage,
  type DiskLayer,
  type Image,
  diskImageOf,
  imageDirectoryName,
  kernelImageOf,
} from '../record/image.ts';
import {
  type ImageManifest,
  type Verification,
  filesOf,
  manifestSchema,
  trustOf,
} from '../record/manifest.ts';
import { isImageReference, parseImageReference } from '../record/reference.ts';
import { unlessMissingAsync } from '../../util/files/unless-missing.ts';

/**
 * The directory of the image store:
 *   NAME              symbolic link to the directory of the image with this name
 *   sha256-DIGEST/    one image: manifest.json and the files that it lists; never changed afterwards
 *   .building-…/      unfinished work; the name identifies its owner (build-directory.ts)
 *   .lock             held with flock(1) while images are added or removed (lock.ts)
 */
const IMAGE_DIRECTORY = /^sha256-(?<digest>[0-9a-f]{64})$/;
const DIGEST_BEGINNING = /^(?:sha256:)?(?<digits>[0-9a-f]{12,64})$/;
/** Limits how many images one is based on, so that a cycle ends. */
const DEEPEST_LAYER = 64;

/** An image with its names. */
export type ListedImage = Image & {
  /** Current names, sorted; none for an image whose name now belongs to a newer one. */
  readonly names: readonly string[];
};

/** The images of a store, and its unreadable directories. */
export interface ImageList {
  /** Newest first. */
  readonly images: readonly ListedImage[];
  /** Directories without a readable image, with the reason. */
  readonly broken: readonly { readonly path: string; readonly reason: string }[];
}

/** @throws InvalidInputError for text that is neither a valid name nor the beginning of a digest. */
export function checkNameOrDigest(text: string): void {
  if (!isDigestBeginning(text)) parseImageReference(text);
}

export function isDigestBeginning(text: string): boolean {
  return DIGEST_BEGINNING.test(text);
}

/** Reads a manifest. @returns undefined for a missing one, or one of another version. */
export async function readManifest(directory: string): Promise<ImageManifest | undefined> {
  const text = await unlessMissingAsync(readFile(join(directory, 'manifest.json'), 'utf8'));
  return text === undefined ? undefined : parseManifest(text);
}

function parseManifest(text: string): ImageManifest | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // Invalid JSON is treated like another version: the image is created again.
    return undefined;
  }
  return manifestSchema.safeParse(json).data;
}

/** Whether all files of an image exist with their recorded sizes. */
export async function isComplete(directory: string, manifest: ImageManifest): Promise<boolean> {
  for (const { path, bytes } of filesOf(manifest)) {
    if ((await unlessMissingAsync(stat(join(directory, path))))?.size !== bytes) return false;
  }
  return true;
}

/** Finds an image by its name or the beginning of its digest; undefined if it is missing or incomplete. */
export async function findImage(store: string, reference: string): Promise<Image | undefined> {
  const entry = await findEntry(store, reference);
  if (entry === undefined) return undefined;
  const found = await readImage(store, entry);
  return 'image' in found ? found.image : undefined;
}

/** Like `findImage`. @throws ImageNotFoundError; InvalidInputError for neither a name nor a digest's beginning. */
export async function requireImage(store: string, reference: string): Promise<Image> {
  checkNameOrDigest(reference);
  const image = await findImage(store, reference);
  if (image) return image;
  throw new ImageNotFoundError(reference, { hint: 'to list images, run: vmlet image ls' });
}

/**
 * Finds an image that was pulled with this published digest, as in `sha512:…`, at least as well verified, and with the
 * same description of the guest, which is part of an image.
 */
export async function findPulled(
  store: string,
  publishedDigest: string,
  { guest, verification }: { readonly guest: GuestDescription; readonly verification: Verification },
): Promise<DiskImage | undefined> {
  const { images } = await listImages(store);
  return images.find(
    (image): image is Extract<ListedImage, DiskImage> =>
      image.kind === 'disk' &&
      image.origin.kind === 'pulled' &&
      image.origin.publishedDigest === publishedDigest &&
      trustOf(image.origin) >= trustOf({ verification }) &&
      isSameGuest(image.guest, guest),
  );
}

/** Returns the directory entry of an image, given a name or the beginning of a digest. */
export async function findEntry(store: string, reference: string): Promise<string | undefined> {
  const named = isImageReference(reference) ? await readName(store, reference) : undefined;
  if (named !== undefined) return named;
  const digits = DIGEST_BEGINNING.exec(reference)?.groups?.['digits'];
  if (digits === undefined) return undefined;
  const matching = (await entriesOf(store)).filter((entry) => entry.startsWith(imageDirectoryName(digits)));
  if (matching.length < 2) return matching[0];
  throw new InvalidInputError('image', `ambiguous digest ${reference}: ${matching.length} images match`, {
    hint: 'give more digits of the digest; to see full digests, run: vmlet image ls --json',
  });
}

/** Lists all images of the store. A missing store is empty. */
export async function listImages(store: string): Promise<ImageList> {
  const images: ListedImage[] = [];
  const broken: { path: string; reason: string }[] = [];
  const entries = await entriesOf(store);
  const names = await readNames(store, entries);
  for (const entry of entries.filter((name) => IMAGE_DIRECTORY.test(name))) {
    const found = await readImage(store, entry);
    if ('image' in found) images.push({ ...found.image, names: names.get(entry) ?? [] });
    else broken.push({ path: join(store, entry), reason: found.problem });
  }
  images.sort((one, other) => other.createdAt.getTime() - one.createdAt.getTime());
  return { images, broken };
}

/** Reads an image, or returns the problem of a broken one, for `listImages`. */
async function readImage(
  store: string,
  entry: string,
): Promise<{ readonly image: Image } | { readonly problem: string }> {
  const directory = join(store, entry);
  const manifest = await readManifest(directory);
  if (manifest === undefined) {
    return { problem: 'its manifest.json is missing, damaged or from another version of vmlet' };
  }
  if (!(await isComplete(directory, manifest))) {
    return { problem: 'one of its files is missing or has the wrong size' };
  }
  if (manifest.kind === 'kernel') return { image: kernelImageOf(directory, manifest) };
  if (manifest.backing === undefined) return { image: diskImageOf(directory, manifest, undefined) };
  const backing = await readLayer(store, manifest.backing, DEEPEST_LAYER);
  if (backing === undefined) {
    return { problem: `its base image sha256:${manifest.backing} is missing or damaged` };
  }
  return { image: diskImageOf(directory, manifest, backing) };
}

async function readLayer(store: string, digest: string, depth: number): Promise<DiskLayer | undefined> {
  const directory = join(store, imageDirectoryName(digest));
  const manifest = depth > 0 ? await readManifest(directory) : undefined;
  if (manifest?.kind !== 'disk' || !(await isComplete(directory, manifest))) return undefined;
  const layer = { path: join(directory, manifest.disk.path), format: manifest.format };
  if (manifest.backing === undefined) return layer;
  const backing = await readLayer(store, manifest.backing, depth - 1);
  return backing && { ...layer, backing };
}

/** Returns the sorted names of each image, by its directory entry. */
export async function readNames(
  store: string,
  entries: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const names = new Map<string, string[]>();
  for (const name of entries.filter((entry) => isImageReference(entry) && !IMAGE_DIRECTORY.test(entry))) {
    const target = await readName(store, name);
    if (target !== undefined) names.set(target, [...(names.get(target) ?? []), name]);
  }
  return names;
}

/** Returns the directory entry that a name points to; undefined for an unknown name. */
async function readName(store: string, name: string): Promise<string | undefined> {
  // EINVAL: not a symbolic link, so not created by vmlet.
  const target = await unlessMissingAsync(readlink(join(store, name)), ['ENOENT', 'EINVAL', 'ENOTDIR']);
  return target !== undefined && IMAGE_DIRECTORY.test(target) ? target : undefined;
}

export async function entriesOf(directory: string): Promise<string[]> {
  return ((await unlessMissingAsync(readdir(directory), ['ENOENT'])) ?? []).sort();
}
