import { rename, rm, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ImageInUseError, ImageNotFoundError, isSystemError } from '../../errors/index.ts';
import type { Limits } from '../../util/time/deadline.ts';
import { makeBuildDirectory } from './build-directory.ts';
import { type Image, digestOfDirectory, imageDirectoryName } from '../record/image.ts';
import { withStoreLock } from './lock.ts';
import { type ListedImage, checkNameOrDigest, entriesOf, findEntry, listImages, readName } from './store.ts';

const LIST_HINT = 'vmlet image ls shows the images that are there.';

/** Who needs an image outside of the store, in words such as `the machine web`. */
export type UsersOf = (image: Pick<Image, 'digest'>) => readonly string[];

export interface RemovedImages {
  /** Names that are gone. */
  readonly names: readonly string[];
  readonly images: readonly ListedImage[];
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
  return withStoreLock(store, limits, async (scope) => {
    const trash = await makeBuildDirectory(store, scope);
    const usersOf = readUsers();
    const { images } = await listImages(store);
    const entry = await findEntry(store, reference);
    const found = images.find(({ digest }) => imageDirectoryName(digest) === entry);
    const superseded = images.filter(({ name, names }) => name === reference && names.length === 0);
    if (entry === undefined && superseded.length === 0) {
      throw new ImageNotFoundError(reference, { hint: LIST_HINT });
    }
    if (entry !== undefined && found === undefined) {
      refuseNeeded(reference, usersOf({ digest: digestOfDirectory(entry) }));
      return removeBroken(store, reference, entry, trash);
    }
    const names = found?.names.includes(reference) === true ? [reference] : (found?.names ?? []);
    const isLast = found !== undefined && names.length === found.names.length;
    if (isLast) refuseUsed(found, images, usersOf);
    for (const name of names) await unlink(join(store, name));
    const going = [...(isLast ? [found] : []), ...superseded];
    const removed = unneededOf(going, images, usersOf);
    for (const image of removed) await discard(store, image, trash);
    return { names, images: removed };
  });
}

/** Nothing can be made of it any more. */
async function removeBroken(
  store: string,
  reference: string,
  entry: string,
  trash: string,
): Promise<RemovedImages> {
  const isName = entry !== reference && (await readName(store, reference)) === entry;
  if (isName) await unlink(join(store, reference));
  await discardDirectory(join(store, entry), trash);
  return { names: isName ? [reference] : [], images: [] };
}

function refuseUsed(image: ListedImage, images: readonly ListedImage[], usersOf: UsersOf): void {
  refuseNeeded(describeImage(image), [...usersOf(image), ...layersOn(image, images).map(describeImage)]);
}

function refuseNeeded(image: string, users: readonly string[]): void {
  if (users.length > 0) throw new ImageInUseError(image, users);
}

/** The images that stand on this one itself. */
export function layersOn(image: Image, images: readonly ListedImage[]): ListedImage[] {
  return images.filter((other) => other.kind === 'disk' && other.backingDigest === image.digest);
}

/** A name that it has, or what tells it from others. */
export function describeImage({ names, name, digest }: ListedImage): string {
  return names[0] ?? `${name} (sha256:${digest.slice(0, 12)})`;
}

export interface PruneOptions extends Limits {
  /** Those with names too; false by default. */
  readonly all?: boolean | undefined;
  /** Only say which; false by default. */
  readonly dryRun?: boolean | undefined;
}

/**
 * Removes images that nobody needs. What stands on another goes first.
 * @returns what was removed.
 */
export async function pruneImages(
  store: string,
  readUsers: () => UsersOf,
  { all = false, dryRun = false, ...limits }: PruneOptions = {},
): Promise<readonly ListedImage[]> {
  if ((await entriesOf(store)).length === 0) return [];
  const unneeded = async (): Promise<readonly ListedImage[]> => {
    const { images } = await listImages(store);
    const candidates = images.filter(({ names }) => all || names.length === 0);
    return unneededOf(candidates, images, readUsers());
  };
  // Without the lock, whose holder sweeps what was left unfinished.
  if (dryRun) return unneeded();
  return withStoreLock(store, limits, async (scope) => {
    const going = await unneeded();
    const trash = await makeBuildDirectory(store, scope);
    for (const image of going) {
      limits.signal?.throwIfAborted();
      // Killed in between, we leave an image without a name, which the next prune takes.
      for (const name of image.names) await unlink(join(store, name));
      await discard(store, image, trash);
    }
    return going;
  });
}

/** Those of the candidates that nobody needs, in the order in which they can go: each may set free what it stood on. */
export function unneededOf(
  candidates: readonly ListedImage[],
  images: readonly ListedImage[],
  usersOf: UsersOf,
): readonly ListedImage[] {
  let staying = images;
  const going: ListedImage[] = [];
  for (;;) {
    const next = candidates.find(
      (image) =>
        !going.includes(image) && usersOf(image).length === 0 && layersOn(image, staying).length === 0,
    );
    if (!next) return going;
    going.push(next);
    staying = staying.filter((image) => image !== next);
  }
}

/**
 * Removes all but the newest `keep` kernels of a name that it has lost: a launch may be opening one just now.
 * @param trash a build directory.
 */
export async function removeSuperseded(
  store: string,
  name: string,
  keep: number,
  trash: string,
): Promise<void> {
  const { images } = await listImages(store);
  const superseded = images.filter((image) => image.name === name && image.names.length === 0);
  for (const image of superseded.slice(keep)) await discard(store, image, trash);
}

async function discard(store: string, { digest }: Image, trash: string): Promise<void> {
  await discardDirectory(join(store, imageDirectoryName(digest)), trash);
}

/** Away in one step; the rest of a removal that is killed is swept by whoever changes the store next. */
async function discardDirectory(directory: string, trash: string): Promise<void> {
  const aside = join(trash, `removed-${basename(directory)}`);
  try {
    await rename(directory, aside);
  } catch (error) {
    // A name can outlive what it stood for, where somebody removed that by other means.
    if (isSystemError(error, 'ENOENT')) return;
    throw error;
  }
  await rm(aside, { recursive: true, force: true });
}
