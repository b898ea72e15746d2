import { mkdir, open, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { NoSpaceError, PermissionError, isSystemError } from '../errors.ts';
import type { ImageManifest, ImageSource } from './manifest.ts';
import type { AssembledImage } from './micro-assemble.ts';
import { sha256 } from './sha256.ts';
import { type KernelImage, imageOf, readManifest } from './store.ts';

export interface NewImage extends AssembledImage {
  readonly name: string;
  readonly sources: readonly ImageSource[];
  readonly agentSha256: string;
  readonly recipeSha256: string;
}

/**
 * Writes an image below `buildDirectory` and moves it to its place, which its content names: it is there whole or
 * not at all, a power cut included. Where it is there already, that one stays.
 */
export async function placeImage(
  store: string,
  buildDirectory: string,
  image: NewImage,
): Promise<ImageManifest> {
  const manifest = manifestOf(image);
  const place = join(store, `sha256-${manifest.digest}`);
  const existing = await readManifest(place);
  if (existing?.recipeSha256 === manifest.recipeSha256) return existing;
  const directory = join(buildDirectory, 'image');
  await mkdir(directory);
  await writeDurably(join(directory, image.kernel.path), image.kernel.data);
  await writeDurably(join(directory, image.initrd.path), image.initrd.data);
  await writeDurably(join(directory, 'manifest.json'), Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`));
  await syncDirectory(directory);
  // What is in the way has lost its manifest or is of another version, and so nobody uses it.
  await moveAside(place, join(buildDirectory, 'replaced'));
  await rename(directory, place);
  await syncDirectory(store);
  return manifest;
}

/** Lets the name mean this image, atomically. */
export async function nameImage(
  store: string,
  name: string,
  manifest: ImageManifest,
  buildDirectory: string,
): Promise<KernelImage> {
  const target = `sha256-${manifest.digest}`;
  const link = join(buildDirectory, 'name');
  await symlink(target, link);
  await rename(link, join(store, name));
  await syncDirectory(store);
  return imageOf(join(store, target), manifest);
}

/** Says what an errno means for the user of the store; anything else passes through. */
export function storeError(error: unknown, store: string): unknown {
  if (isSystemError(error, 'ENOSPC', 'EDQUOT')) {
    return new NoSpaceError(`the disk is full: no room for an image in ${store}`, {
      hint: 'Make room, or set XDG_DATA_HOME to a place that has it.',
      cause: error,
    });
  }
  if (isSystemError(error, 'EACCES', 'EPERM', 'EROFS')) {
    return new PermissionError(`the image store ${store} cannot be written`, {
      hint: 'See who owns it, or set XDG_DATA_HOME to a place of your own.',
      cause: error,
    });
  }
  return error;
}

function manifestOf(image: NewImage): ImageManifest {
  const fileOf = ({ path, data }: { path: string; data: Buffer }) => ({
    path,
    bytes: data.length,
    sha256: sha256(data),
  });
  const [kernel, initrd, append] = [fileOf(image.kernel), fileOf(image.initrd), [...image.append]];
  return {
    version: 1,
    kind: 'kernel',
    name: image.name,
    digest: sha256(JSON.stringify({ kernel, initrd, append })),
    createdAt: new Date().toISOString(),
    kernelRelease: image.kernelRelease,
    kernel,
    initrd,
    append,
    sources: [...image.sources],
    agentSha256: image.agentSha256,
    recipeSha256: image.recipeSha256,
  };
}

async function writeDurably(path: string, data: Buffer): Promise<void> {
  const handle = await open(path, 'wx', 0o644);
  try {
    await handle.writeFile(data);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function moveAside(path: string, to: string): Promise<void> {
  try {
    await rename(path, to);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
  }
}
