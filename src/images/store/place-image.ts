import { mkdir, open, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile, syncDirectory } from '../../util/files/atomic-file.ts';
import { unlessMissingAsync } from '../../util/files/unless-missing.ts';
import { imageDirectoryName } from '../record/image.ts';
import {
  type DiskManifest,
  type ImageManifest,
  type ImageOrigin,
  type ImageSource,
  type KernelManifest,
  filesOf,
  trustOf,
} from '../record/manifest.ts';
import { sha256 } from '../digest/sha256.ts';
import { isComplete, readManifest } from './store.ts';

/** Time of last modification of all files of images, as in the store of Nix: some programs take 0 for missing. */
const FIXED_SECONDS = 1;

export interface AssembledImage {
  readonly kernelRelease: string;
  readonly kernel: { readonly path: string; readonly data: Buffer };
  readonly initrd: { readonly path: string; readonly data: Buffer };
  readonly append: readonly string[];
}

export interface NewKernelImage extends AssembledImage {
  readonly name: string;
  readonly sources: readonly ImageSource[];
  readonly agentSha256: string;
  readonly recipeSha256: string;
}

export interface NewDiskImage extends Pick<
  DiskManifest,
  'name' | 'sources' | 'format' | 'virtualBytes' | 'backing' | 'guest' | 'origin'
> {
  /** A file in the build directory, already flushed to the disk, which is moved into the image. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Writes an image below `buildDirectory` and renames it to its place, which is named by its digest. This is atomic,
 * even in case of a power failure. An existing identical image is kept.
 */
export async function placeKernelImage(
  store: string,
  buildDirectory: string,
  image: NewKernelImage,
): Promise<KernelManifest> {
  const { kernel, initrd } = image;
  return placeImage(store, buildDirectory, kernelManifestOf(image), async (directory) => {
    await writeDurably(join(directory, kernel.path), kernel.data);
    await writeDurably(join(directory, initrd.path), initrd.data);
  });
}

/** Like `placeKernelImage`, for a disk, whose file is moved. */
export async function placeDiskImage(
  store: string,
  buildDirectory: string,
  image: NewDiskImage,
): Promise<DiskManifest> {
  const manifest = diskManifestOf(image);
  const placed = await placeImage(store, buildDirectory, manifest, async (directory) =>
    rename(image.path, join(directory, manifest.disk.path)),
  );
  if (!isBetter(image.origin, placed.origin)) return placed;
  const better = { ...placed, origin: image.origin };
  const path = join(store, imageDirectoryName(placed.digest), 'manifest.json');
  replaceFile(path, formatManifest(better), 0o644);
  return better;
}

/** Whether an origin of the same disk says more: a better verification, or the digest by which the next pull finds it. */
function isBetter(origin: ImageOrigin, than: ImageOrigin): boolean {
  const gain = trustOf(origin) - trustOf(than);
  if (gain !== 0) return gain > 0;
  const digest = publishedDigestOf(origin);
  return digest !== undefined && digest !== publishedDigestOf(than);
}

function publishedDigestOf(origin: ImageOrigin): string | undefined {
  return origin.kind === 'pulled' ? origin.publishedDigest : undefined;
}

async function placeImage<Manifest extends ImageManifest>(
  store: string,
  buildDirectory: string,
  manifest: Manifest,
  addFiles: (directory: string) => Promise<void>,
): Promise<Manifest> {
  const place = join(store, imageDirectoryName(manifest.digest));
  const existing = await readManifest(place);
  if (existing?.kind === manifest.kind && (await isComplete(place, existing))) return existing as Manifest;
  const directory = join(buildDirectory, 'image');
  await mkdir(directory);
  await addFiles(directory);
  for (const { path } of filesOf(manifest)) await setFixedTime(join(directory, path));
  await writeDurably(join(directory, 'manifest.json'), Buffer.from(formatManifest(manifest)));
  syncDirectory(directory);
  // An existing directory is damaged, so no machine uses it.
  await moveAside(place, join(buildDirectory, 'replaced'));
  await rename(directory, place);
  syncDirectory(store);
  return manifest;
}

/** Points a name to an image, atomically. */
export async function nameImage(
  store: string,
  name: string,
  digest: string,
  buildDirectory: string,
): Promise<void> {
  const link = join(buildDirectory, 'name');
  await symlink(imageDirectoryName(digest), link);
  await rename(link, join(store, name));
  syncDirectory(store);
}

function kernelManifestOf(image: NewKernelImage): KernelManifest {
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
  } satisfies Omit<KernelManifest, 'digest' | 'createdAt'>;
  return { ...content, digest: sha256(JSON.stringify(content)), createdAt: new Date().toISOString() };
}

function diskManifestOf(image: NewDiskImage): DiskManifest {
  const { name, sources, origin, format, virtualBytes, backing, guest } = image;
  const disk = { path: `disk.${format}`, bytes: image.bytes, sha256: image.sha256 };
  // Without name and origin: the same disk from another mirror or under another name is the same image.
  const identity = { kind: 'disk', disk, format, virtualBytes, backing, guest };
  return {
    version: 1,
    kind: 'disk',
    name,
    digest: sha256(JSON.stringify(identity)),
    createdAt: new Date().toISOString(),
    sources: [...sources],
    disk,
    format,
    virtualBytes,
    ...(backing !== undefined && { backing }),
    guest,
    origin,
  };
}

function formatManifest(manifest: ImageManifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
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

/**
 * An identical image that is built or pulled again has the same times: saved guests notice by them when a file under
 * them changes.
 */
async function setFixedTime(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.utimes(FIXED_SECONDS, FIXED_SECONDS);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function moveAside(path: string, to: string): Promise<void> {
  await unlessMissingAsync(rename(path, to), ['ENOENT']);
}
