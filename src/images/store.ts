import { mkdir, readFile, readdir, readlink, rm, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ImageNotFoundError, InvalidInputError, isSystemError } from '../errors.ts';
import type { Limits } from '../util/deadline.ts';
import { Scope } from '../util/scope.ts';
import { holdStoreLock } from './lock.ts';
import { type ImageManifest, manifestSchema } from './manifest.ts';
import { storeError } from './store-error.ts';

/**
 * What the image store's directory holds:
 *   NAME              symbolic link to the directory of the image that has this name now
 *   sha256-DIGEST/    one image: manifest.json and the files that it lists; never changed once it is there
 *   .building-…/      work of a builder, which names its owner (build-directory.ts)
 *   .lock             held with flock(1) by the one who builds or removes (lock.ts)
 */
const IMAGE_DIRECTORY = /^sha256-([0-9a-f]{64})$/;
const LIST_HINT = 'vmlet image ls shows the images that are there.';
const IMAGE_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** A read-only thing to boot from: a kernel with an initramfs. */
export interface KernelImage {
  readonly kind: 'kernel';
  /** The name it was built under, as in "micro". */
  readonly name: string;
  /** Lower-case hexadecimal SHA-256 over what its build took and what it made. */
  readonly digest: string;
  readonly kernelPath: string;
  readonly initrdPath: string;
  /** Kernel parameters that this image wants, in order. */
  readonly append: readonly string[];
  /** What `uname -r` says in the guest. */
  readonly kernelRelease: string;
  /** Kernel and initramfs together. */
  readonly bytes: number;
  readonly createdAt: Date;
  /** What it was made from: package or file names with their versions. */
  readonly sources: readonly { readonly name: string; readonly version: string }[];
}

export type Image = KernelImage;

export interface ListedImage extends KernelImage {
  /** False for an image whose name has gone over to a newer one. */
  readonly current: boolean;
}

export interface ImageList {
  /** Newest first. */
  readonly images: readonly ListedImage[];
  /** Directories of the store that hold no readable image, with the reason; they do not stop the rest. */
  readonly broken: readonly { readonly path: string; readonly reason: string }[];
}

/** @returns undefined when there is no such image or its manifest is of another version. */
export async function readManifest(directory: string): Promise<ImageManifest | undefined> {
  let text: string;
  try {
    text = await readFile(join(directory, 'manifest.json'), 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
  return parseManifest(text);
}

function parseManifest(text: string): ImageManifest | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // A manifest that is not JSON is treated like one of another version: the image is built again.
    return undefined;
  }
  return manifestSchema.safeParse(json).data;
}

/** False for an image whose files are not what they were when it was built, as far as their sizes tell. */
export async function isComplete(directory: string, manifest: ImageManifest): Promise<boolean> {
  for (const { path, bytes } of [manifest.kernel, manifest.initrd]) {
    try {
      if ((await stat(join(directory, path))).size !== bytes) return false;
    } catch (error) {
      if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return false;
      throw error;
    }
  }
  return true;
}

export function imageOf(directory: string, manifest: ImageManifest): KernelImage {
  return {
    kind: 'kernel',
    name: manifest.name,
    digest: manifest.digest,
    kernelPath: join(directory, manifest.kernel.path),
    initrdPath: join(directory, manifest.initrd.path),
    append: manifest.append,
    kernelRelease: manifest.kernelRelease,
    bytes: manifest.kernel.bytes + manifest.initrd.bytes,
    createdAt: new Date(manifest.createdAt),
    sources: manifest.sources,
  };
}

/** Every image in the store; an empty list where there is no store yet. */
export async function listImages(store: string): Promise<ImageList> {
  const images: ListedImage[] = [];
  const broken: { path: string; reason: string }[] = [];
  for (const entry of await entriesOf(store)) {
    if (!IMAGE_DIRECTORY.test(entry)) continue;
    const path = join(store, entry);
    const manifest = await readManifest(path);
    if (manifest === undefined) {
      broken.push({ path, reason: 'manifest.json is missing or not of a version that this vmlet reads' });
      continue;
    }
    const current = (await currentDirectory(store, manifest.name)) === entry;
    images.push({ ...imageOf(path, manifest), current });
  }
  images.sort((one, other) => other.createdAt.getTime() - one.createdAt.getTime());
  return { images, broken };
}

/** The directory entry that a name stands for, or undefined. */
async function currentDirectory(store: string, name: string): Promise<string | undefined> {
  try {
    const target = await readlink(join(store, name));
    return IMAGE_DIRECTORY.test(target) ? target : undefined;
  } catch (error) {
    // EINVAL: there is something by this name that is no symbolic link, and so not ours.
    if (isSystemError(error, 'ENOENT', 'EINVAL', 'ENOTDIR')) return undefined;
    throw error;
  }
}

/**
 * Removes the image with this name and its superseded predecessors. A machine that runs from one is not hurt:
 * QEMU has read it by then. Waits for a build that is under way.
 * @throws ImageNotFoundError, InvalidInputError for a name that cannot be one, the signal's reason.
 */
export async function removeImage(store: string, name: string, limits: Limits = {}): Promise<void> {
  if (!IMAGE_NAME.test(name)) {
    throw new InvalidInputError('image', `${JSON.stringify(name)} cannot be the name of an image`, {
      hint: LIST_HINT,
    });
  }
  if ((await entriesOf(store)).length === 0) throw new ImageNotFoundError(name, { hint: LIST_HINT });
  const scope = new Scope();
  try {
    await holdStoreLock(store, scope, limits.signal);
    const current = await currentDirectory(store, name);
    const { images } = await listImages(store);
    const directories = new Set(
      images.filter((image) => image.name === name).map(({ digest }) => `sha256-${digest}`),
    );
    if (current !== undefined) {
      directories.add(current);
      await unlink(join(store, name));
    }
    if (directories.size === 0) throw new ImageNotFoundError(name, { hint: LIST_HINT });
    for (const directory of directories) await removeDirectory(join(store, directory));
  } catch (error) {
    throw storeError(error, store);
  } finally {
    await scope.close();
  }
}

async function removeDirectory(directory: string): Promise<void> {
  // The manifest goes first: what is left of an interrupted removal is then no image.
  await rm(join(directory, 'manifest.json'), { force: true });
  await rm(directory, { recursive: true, force: true });
}

/** Removes all but the newest `keep` images of a name that are not current: a launch may be opening one just now. */
export async function removeSuperseded(store: string, name: string, keep: number): Promise<void> {
  const { images } = await listImages(store);
  const superseded = images.filter((image) => image.name === name && !image.current);
  for (const image of superseded.slice(keep)) await removeDirectory(join(store, `sha256-${image.digest}`));
}

export async function makeStore(store: string): Promise<void> {
  await mkdir(store, { recursive: true, mode: 0o700 });
}

export async function entriesOf(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return [];
    throw error;
  }
}
