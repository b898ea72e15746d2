import { rename, rm, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ImageInUseError, ImageNotFoundError } from '../../errors/index.ts';
import { unlessMissingAsync } from '../../util/files/unless-missing.ts';
import type { Waiting } from '../../process/lock/descriptor-lock.ts';
import { makeBuildDirectory } from './build-directory.ts';
import { type Image, digestOfDirectory, imageDirectoryName } from '../record/image.ts';
import { withStoreLock } from './lock.ts';
import { type ListedImage, checkNameOrDigest, entriesOf, findEntry, listImages, readNames } from './store.ts';

const LIST_HINT = 'to list images, run: vmlet image ls';

/** Returns the users of an image outside of the store, as in `machine "web"`. */
export type UsersOf = (image: Pick<Image, 'digest'>) => readonly string[];

/** Reads which images are in use now. */
export type ReadUsers = () => UsersOf | Promise<UsersOf>;

/** Names and images that were removed. */
export interface RemovedImages {
  /** Names that were removed. */
  readonly names: readonly string[];
  readonly images: readonly ListedImage[];
}

/**
 * Removes a name. With its last name the image is removed too, and with it unused images that had this name before. The
 * beginning of a digest removes an image with all of its names, as does any name of a damaged image. Waits for a build
 * in progress.
 * @param readUsers called while the store is locked.
 * @throws ImageNotFoundError, ImageInUseError when a machine or another image is based on it, the signal's reason.
 */
export async function removeImage(
  store: string,
  reference: string,
  readUsers: ReadUsers,
  waiting: Waiting = {},
): Promise<RemovedImages> {
  checkNameOrDigest(reference);
  if ((await entriesOf(store)).length === 0) throw new ImageNotFoundError(reference, { hint: LIST_HINT });
  return withStoreLock(store, waiting, async (scope) => {
    const trash = await makeBuildDirectory(store, scope);
    const usersOf = await readUsers();
    const { images } = await listImages(store);
    const entry = await findEntry(store, reference);
    const found = images.find(({ digest }) => imageDirectoryName(digest) === entry);
    const superseded = images.filter(({ name, names }) => name === reference && names.length === 0);
    if (entry === undefined && superseded.length === 0) {
      throw new ImageNotFoundError(reference, { hint: LIST_HINT });
    }
    if (entry !== undefined && found === undefined) {
      refuseNeeded(reference, usersOf({ digest: digestOfDirectory(entry) }));
      return removeBroken(store, entry, trash);
    }
    const names = found?.names.includes(reference) === true ? [reference] : (found?.names ?? []);
    const isLast = found !== undefined && names.length === found.names.length;
    if (isLast) refuseUsed(found, images, usersOf);
    for (const name of names) await unlink(join(store, name));
    // As long as another name keeps the image, earlier ones may still be wanted: a prune removes them.
    const candidates = isLast ? [found, ...superseded] : entry === undefined ? superseded : [];
    const removed = unneededOf(candidates, images, usersOf);
    // The name is gone already, as after an earlier removal of it, and all that remains is in use.
    if (entry === undefined && removed.length === 0)
      for (const image of superseded) refuseUsed(image, images, usersOf);
    for (const image of removed) await discard(store, image, trash);
    return { names, images: removed };
  });
}

/** Removes a damaged image with all of its names, which would point to nothing. */
async function removeBroken(store: string, entry: string, trash: string): Promise<RemovedImages> {
  const names = (await readNames(store, await entriesOf(store))).get(entry) ?? [];
  for (const name of names) await unlink(join(store, name));
  await discardDirectory(join(store, entry), trash);
  return { names, images: [] };
}

function refuseUsed(image: ListedImage, images: readonly ListedImage[], usersOf: UsersOf): void {
  refuseNeeded(describeImage(image), [...usersOf(image), ...layersOn(image, images).map(describeImage)]);
}

function refuseNeeded(image: string, users: readonly string[]): void {
  if (users.length > 0) throw new ImageInUseError(image, users);
}

/** Lists the images that are directly based on this one. */
export function layersOn(image: Image, images: readonly ListedImage[]): ListedImage[] {
  return images.filter((other) => other.kind === 'disk' && other.backingDigest === image.digest);
}

/** Returns a current name of the image, or its former name with the digest. */
export function describeImage({ names, name, digest }: ListedImage): string {
  return names[0] ?? `${name} (sha256:${digest.slice(0, 12)})`;
}

/** Options of `pruneImages`. */
export interface PruneOptions extends Waiting {
  /** Also remove images with names; false by default. */
  readonly all?: boolean | undefined;
  /** Digests of the images that may be removed; all by default. */
  readonly only?: readonly string[] | undefined;
  /** Only return the images, without removing them; false by default. */
  readonly dryRun?: boolean | undefined;
}

/**
 * Removes unused images, those based on others first.
 * @returns the removed images.
 */
export async function pruneImages(
  store: string,
  readUsers: ReadUsers,
  { all = false, only, dryRun = false, ...waiting }: PruneOptions = {},
): Promise<readonly ListedImage[]> {
  if ((await entriesOf(store)).length === 0) return [];
  const unneeded = async (): Promise<readonly ListedImage[]> => {
    const { images } = await listImages(store);
    const candidates = images.filter(
      ({ names, digest }) => (all || names.length === 0) && (!only || only.includes(digest)),
    );
    return unneededOf(candidates, images, await readUsers());
  };
  // Without the lock, because taking it removes unfinished builds.
  if (dryRun) return unneeded();
  return withStoreLock(store, waiting, async (scope) => {
    const removed = await unneeded();
    const trash = await makeBuildDirectory(store, scope);
    for (const image of removed) {
      waiting.signal?.throwIfAborted();
      // If killed in between, this leaves an image without a name, which the next prune removes.
      for (const name of image.names) await unlink(join(store, name));
      await discard(store, image, trash);
    }
    return removed;
  });
}

/** Returns the unused candidates in the order in which to remove them: each removal may free the image below. */
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
 * Removes all but the newest `keep` images that lost this name, and those in use.
 * @param trash a build directory.
 */
export async function removeSuperseded(
  store: string,
  name: string,
  keep: number,
  trash: string,
  readUsers: ReadUsers,
): Promise<void> {
  const { images } = await listImages(store);
  const superseded = images.filter((image) => image.name === name && image.names.length === 0).slice(keep);
  if (superseded.length === 0) return;
  for (const image of unneededOf(superseded, images, await readUsers())) await discard(store, image, trash);
}

async function discard(store: string, { digest }: Image, trash: string): Promise<void> {
  await discardDirectory(join(store, imageDirectoryName(digest)), trash);
}

/** Renames a directory away, then removes it. If killed in between, the next change of the store removes the rest. */
async function discardDirectory(directory: string, trash: string): Promise<void> {
  const aside = join(trash, `removed-${basename(directory)}`);
  // A name may point to a directory that was removed by other means.
  await unlessMissingAsync(rename(directory, aside), ['ENOENT']);
  await rm(aside, { recursive: true, force: true });
}
