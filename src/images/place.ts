import { mkdir, open, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from '../errors.ts';
import { syncDirectory } from '../util/atomic-file.ts';
import type { ImageManifest, ImageSource } from './manifest.ts';
import type { AssembledImage } from './micro-assemble.ts';
import { sha256 } from './sha256.ts';
import { type KernelImage, imageOf, isComplete, readManifest } from './store.ts';

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
  if (existing !== undefined && (await isComplete(place, existing))) return existing;
  const directory = join(buildDirectory, 'image');
  await mkdir(directory);
  await writeDurably(join(directory, image.kernel.path), image.kernel.data);
  await writeDurably(join(directory, image.initrd.path), image.initrd.data);
  await writeDurably(join(directory, 'manifest.json'), Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`));
  syncDirectory(directory);
  // What is in the way is damaged, and so nobody uses it.
  await moveAside(place, join(buildDirectory, 'replaced'));
  await rename(directory, place);
  syncDirectory(store);
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
  syncDirectory(store);
  return imageOf(join(store, target), manifest);
}

function manifestOf(image: NewImage): ImageManifest {
  const fileOf = ({ path, data }: { path: string; data: Buffer }) => ({
    path,
    bytes: data.length,
    sha256: sha256(data),
  });
  const content = {
    version: 1 as const,
    kind: 'kernel' as const,
    name: image.name,
    kernelRelease: image.kernelRelease,
    kernel: fileOf(image.kernel),
    initrd: fileOf(image.initrd),
    append: [...image.append],
    sources: [...image.sources],
    agentSha256: image.agentSha256,
    recipeSha256: image.recipeSha256,
  } satisfies Omit<ImageManifest, 'digest' | 'createdAt'>;
  return { ...content, digest: sha256(JSON.stringify(content)), createdAt: new Date().toISOString() };
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

async function moveAside(path: string, to: string): Promise<void> {
  try {
    await rename(path, to);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
  }
}
