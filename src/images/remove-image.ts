import { rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ImageInUseError, ImageNotFoundError } from '../errors.ts';
import type { Limits } from '../util/deadline.ts';
import { type Image, imageDirectoryName } from './image.ts';
import { withStoreLock } from './lock.ts';
import { type ListedImage, checkNameOrDigest, entriesOf, findEntry, listImages, readName } from './store.ts';

const LIST_HINT = 'vmlet image ls shows the images that are there.';

/** Who needs an image outside of the store, in words such as `the machine web`. */
export type UsersOf = (image: Image) => readonly string[];

export interface RemovedImages {
  /** Names that are gone. */
  readonly names: readonly string[];
  readonly images: readonly Image[];
}

/**
 * Takes a name away. With its last name an image goes, and with it those that had the name before and that nobody
 * needs. Given the beginning of a digest, the image goes with all of its names. Waits for a build that is under way.
 * @param readUsers is asked when nobody else can change the store any more.
 * @throws ImageNotFoundError, ImageInUseError when a machine or another image stands on it, the signal's reason.
 */
export async function removeImage(
  store: string,
  reference: string,
  readUsers: () => UsersOf,
  limits: Limits = {},
): Promise<RemovedImages> {
  checkNameOrDigest(reference);
  if ((await entriesOf(store)).length === 0) throw new ImageNotFoundError(reference, { hint: LIST_HINT });
  return withStoreLock(store, limits, async () => {
    const usersOf = readUsers();
    const { images } = await listImages(store);
    const entry = await findEntry(store, reference);
    const found = images.find(({ digest }) => imageDirectoryName(digest) === entry);
    const superseded = images.filter(({ name, names }) => name === reference && names.length === 0);
    if (entry === undefined && superseded.length === 0) {
      throw new ImageNotFoundError(reference, { hint: LIST_HINT });
    }
    if (entry !== undefined && found === undefined) return removeBroken(store, reference, entry);
    const names = found?.names.includes(reference) === true ? [reference] : (found?.names ?? []);
    const isLast = found !== undefined && names.length === found.names.length;
    if (isLast) refuseUsed(found, images, usersOf);
    for (const name of names) await unlink(join(store, name));
    const going = [...(isLast ? [found] : []), ...superseded];
    return { names, images: await removeUnneeded(store, going, usersOf) };
  });
}

/** Nothing can be made of it any more. */
async function removeBroken(store: string, reference: string, entry: string): Promise<RemovedImages> {
  const isName = entry !== reference && (await readName(store, reference)) === entry;
  if (isName) await unlink(join(store, reference));
  await removeDirectory(join(store, entry));
  return { names: isName ? [reference] : [], images: [] };
}

function refuseUsed(image: ListedImage, images: readonly ListedImage[], usersOf: UsersOf): void {
  const users = [...usersOf(image), ...layersOn(image, images).map(describeImage)];
  if (users.length === 0) return;
  throw new ImageInUseError(describeImage(image), users);
}

function layersOn(image: Image, images: readonly ListedImage[]): ListedImage[] {
  return images.filter((other) => other.kind === 'disk' && other.backingDigest === image.digest);
}

function describeImage({ names, name, digest }: ListedImage): string {
  return names[0] ?? `${name} (sha256:${digest.slice(0, 12)})`;
}

/**
 * Removes images that have no name and that nobody needs, of those given or of all. What stands on another goes first.
 * @returns what was removed.
 */
export async function pruneImages(
  store: string,
  readUsers: () => UsersOf,
  limits: Limits & { readonly dryRun?: boolean } = {},
): Promise<readonly Image[]> {
  if ((await entriesOf(store)).length === 0) return [];
  return withStoreLock(store, limits, async () => {
    const nameless = (await listImages(store)).images.filter(({ names }) => names.length === 0);
    return removeUnneeded(store, nameless, readUsers(), limits.dryRun);
  });
}

async function removeUnneeded(
  store: string,
  candidates: readonly Image[],
  usersOf: UsersOf,
  dryRun = false,
): Promise<readonly Image[]> {
  const digests = new Set(candidates.map(({ digest }) => digest));
  const removed: Image[] = [];
  let { images } = await listImages(store);
  // Each that goes may set free what it stood on.
  for (;;) {
    const next = images.find(
      (image) =>
        digests.has(image.digest) && usersOf(image).length === 0 && layersOn(image, images).length === 0,
    );
    if (!next) return removed;
    if (!dryRun) await removeDirectory(join(store, imageDirectoryName(next.digest)));
    removed.push(next);
    images = images.filter((image) => image !== next);
  }
}

/** Removes all but the newest `keep` kernels of a name that it has lost: a launch may be opening one just now. */
export async function removeSuperseded(store: string, name: string, keep: number): Promise<void> {
  const { images } = await listImages(store);
  const superseded = images.filter((image) => image.name === name && image.names.length === 0);
  for (const { digest } of superseded.slice(keep))
    await removeDirectory(join(store, imageDirectoryName(digest)));
}

async function removeDirectory(directory: string): Promise<void> {
  // The manifest goes first: what is left of an interrupted removal is then no image.
  await rm(join(directory, 'manifest.json'), { force: true });
  await rm(directory, { recursive: true, force: true });
}
