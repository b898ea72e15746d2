import { readFile, readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ImageNotFoundError, InvalidInputError, isSystemError } from '../../errors/index.ts';
import {
  type DiskLayer,
  type Image,
  diskImageOf,
  imageDirectoryName,
  kernelImageOf,
} from '../record/image.ts';
import { type ImageManifest, filesOf, manifestSchema } from '../record/manifest.ts';
import { isImageReference, parseImageReference } from '../record/reference.ts';
import { unlessMissingAsync } from '../../util/files/unless-missing.ts';

/**
 * What the image store's directory holds:
 *   NAME              symbolic link to the directory of the image that has this name now
 *   sha256-DIGEST/    one image: manifest.json and the files that it lists; never changed once it is there
 *   .building-…/      work of a builder, which names its owner (build-directory.ts)
 *   .lock             held with flock(1) by the one who builds or removes (lock.ts)
 */
const IMAGE_DIRECTORY = /^sha256-(?<digest>[0-9a-f]{64})$/;
const DIGEST_BEGINNING = /^(?:sha256:)?(?<digits>[0-9a-f]{12,64})$/;
/** An image stands on as many others at most, so that a circle ends. */
const DEEPEST_LAYER = 64;

export type ListedImage = Image & {
  /** The names that it has now, sorted; none for one whose name has gone over to a newer one. */
  readonly names: readonly string[];
};

export interface ImageList {
  /** Newest first. */
  readonly images: readonly ListedImage[];
  /** Directories of the store that hold no readable image, with the reason; they do not stop the rest. */
  readonly broken: readonly { readonly path: string; readonly reason: string }[];
}

/** @throws InvalidInputError for what can neither be a name nor the beginning of a digest. */
export function checkNameOrDigest(text: string): void {
  if (!isDigestBeginning(text)) parseImageReference(text);
}

export function isDigestBeginning(text: string): boolean {
  return DIGEST_BEGINNING.test(text);
}

/** @returns undefined when there is no such image or its manifest is of another version. */
export async function readManifest(directory: string): Promise<ImageManifest | undefined> {
  const text = await unlessMissingAsync(readFile(join(directory, 'manifest.json'), 'utf8'));
  return text === undefined ? undefined : parseManifest(text);
}

function parseManifest(text: string): ImageManifest | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // A manifest that is not JSON is treated like one of another version: the image is made again.
    return undefined;
  }
  return manifestSchema.safeParse(json).data;
}

/** False for an image whose files are not what they were when it was made, as far as their sizes tell. */
export async function isComplete(directory: string, manifest: ImageManifest): Promise<boolean> {
  for (const { path, bytes } of filesOf(manifest)) {
    if ((await unlessMissingAsync(stat(join(directory, path))))?.size !== bytes) return false;
  }
  return true;
}

/** The image with this name, or whose digest begins like this; undefined where there is none that is whole. */
export async function findImage(store: string, reference: string): Promise<Image | undefined> {
  const entry = await findEntry(store, reference);
  if (entry === undefined) return undefined;
  const found = await readImage(store, entry);
  return 'image' in found ? found.image : undefined;
}

/** @throws ImageNotFoundError, InvalidInputError for what can be neither a name nor the beginning of a digest. */
export async function requireImage(store: string, reference: string): Promise<Image> {
  checkNameOrDigest(reference);
  const image = await findImage(store, reference);
  if (image) return image;
  throw new ImageNotFoundError(reference, { hint: 'vmlet image ls shows the images that are there.' });
}

/** The image that was pulled with this digest of its publisher's, as in `sha512:…`. */
export async function findPulled(store: string, publishedDigest: string): Promise<Image | undefined> {
  const { images } = await listImages(store);
  return images.find(
    (image) =>
      image.kind === 'disk' &&
      image.origin.kind === 'pulled' &&
      image.origin.publishedDigest === publishedDigest,
  );
}

/** The directory of the store that a name or the beginning of a digest stands for. */
export async function findEntry(store: string, reference: string): Promise<string | undefined> {
  const named = isImageReference(reference) ? await readName(store, reference) : undefined;
  if (named !== undefined) return named;
  const digits = DIGEST_BEGINNING.exec(reference)?.groups?.['digits'];
  if (digits === undefined) return undefined;
  const matching = (await entriesOf(store)).filter((entry) => entry.startsWith(imageDirectoryName(digits)));
  if (matching.length < 2) return matching[0];
  throw new InvalidInputError('image', `${reference} is the beginning of several digests`, {
    hint: 'give more of it: vmlet image ls --json shows them in full',
  });
}

/** Every image in the store; an empty list where there is no store yet. */
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

/** An image of which a file or one that it stands on is missing is found all the same by `listImages`, as broken. */
async function readImage(
  store: string,
  entry: string,
): Promise<{ readonly image: Image } | { readonly problem: string }> {
  const directory = join(store, entry);
  const manifest = await readManifest(directory);
  if (manifest === undefined) {
    return { problem: 'manifest.json is missing or not of a version that this vmlet reads' };
  }
  if (!(await isComplete(directory, manifest))) return { problem: 'a file of it is missing or cut off' };
  if (manifest.kind === 'kernel') return { image: kernelImageOf(directory, manifest) };
  if (manifest.backing === undefined) return { image: diskImageOf(directory, manifest, undefined) };
  const backing = await readLayer(store, manifest.backing, DEEPEST_LAYER);
  if (backing === undefined) {
    return { problem: `the image sha256:${manifest.backing}, which it stands on, is missing or damaged` };
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

async function readNames(store: string, entries: readonly string[]): Promise<ReadonlyMap<string, string[]>> {
  const names = new Map<string, string[]>();
  for (const name of entries.filter((entry) => isImageReference(entry) && !IMAGE_DIRECTORY.test(entry))) {
    const target = await readName(store, name);
    if (target !== undefined) names.set(target, [...(names.get(target) ?? []), name]);
  }
  return names;
}

/** The directory entry that a name stands for, or undefined. */
export async function readName(store: string, name: string): Promise<string | undefined> {
  try {
    const target = await readlink(join(store, name));
    return IMAGE_DIRECTORY.test(target) ? target : undefined;
  } catch (error) {
    // EINVAL: there is something by this name that is no symbolic link, and so not ours.
    if (isSystemError(error, 'ENOENT', 'EINVAL', 'ENOTDIR')) return undefined;
    throw error;
  }
}

export async function entriesOf(directory: string): Promise<string[]> {
  return ((await unlessMissingAsync(readdir(directory), ['ENOENT'])) ?? []).sort();
}
