import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Waiting } from '../../process/lock/descriptor-lock.ts';
import type { DiskFormat } from '../formats/disk-info.ts';
import { acceptForeignImage } from '../header/accept.ts';
import { type DiskImage, diskImageOf, imageDirectoryName } from '../record/image.ts';
import type { ImageSource } from '../record/manifest.ts';
import { withStoreLock } from './lock.ts';
import { type NewDiskImage, nameImage, placeDiskImage } from './place-image.ts';
import { convertDisk } from '../qemu-img/qemu-img.ts';
import { fileSha256 } from '../digest/sha256.ts';

/** A file in a build directory of the caller. */
export interface ArrivedFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface AddOptions extends Waiting, Pick<NewDiskImage, 'guest' | 'origin'> {
  /** The packages that it was built from; none by default. */
  readonly sources?: readonly ImageSource[] | undefined;
  /** Called with the finished part, 0..1, while a file in another format is converted, and before its check. */
  readonly onProgress?: ((phase: 'converting' | 'checking', fraction: number) => void) | undefined;
  /** Names of the image; the first is recorded in its manifest. */
  readonly names: readonly [string, ...string[]];
  readonly store: string;
  readonly buildDirectory: string;
  /** The required format; undefined to accept every harmless image, converted if necessary. */
  readonly format: DiskFormat | undefined;
}

/**
 * Checks an untrusted file, adds it to the store as an image and names it.
 * @throws ImageRefusedError, what `placeDiskImage` throws.
 */
export async function addImage(file: ArrivedFile, options: AddOptions): Promise<DiskImage> {
  const { store, buildDirectory, names, guest, origin, sources = [] } = options;
  const disk = await check(file, options);
  return withStoreLock(store, options, async () => {
    const image = { ...disk, name: names[0], guest, origin, sources: [...sources] };
    const manifest = await placeDiskImage(store, buildDirectory, image);
    for (const name of names) await nameImage(store, name, manifest.digest, buildDirectory);
    return diskImageOf(join(store, imageDirectoryName(manifest.digest)), manifest, undefined);
  });
}

type CheckedDisk = ArrivedFile & Pick<NewDiskImage, 'format' | 'virtualBytes' | 'backing'>;

async function check(
  file: ArrivedFile,
  { format, buildDirectory, origin, names, onProgress, signal }: AddOptions,
): Promise<CheckedDisk> {
  const options = { field: 'image', from: placeOf(origin) ?? names[0], signal };
  const found = await acceptForeignImage(file.path, { ...options, format });
  if (found.kind === 'ready') {
    return { ...file, format: found.format, virtualBytes: found.virtualBytes, backing: undefined };
  }
  const path = join(buildDirectory, 'converted.qcow2');
  await convertDisk({
    from: { path: file.path, format: found.format },
    to: { path, format: 'qcow2' },
    onProgress: (fraction) => onProgress?.('converting', fraction),
    signal,
  });
  onProgress?.('checking', 0);
  await rm(file.path);
  // Versions of QEMU disagree about the size of some of these disks.
  const { virtualBytes } = await acceptForeignImage(path, { ...options, format: 'qcow2' });
  const { size: bytes } = await stat(path);
  return {
    path,
    bytes,
    sha256: await fileSha256(path, signal),
    format: 'qcow2',
    virtualBytes,
    backing: undefined,
  };
}

function placeOf(origin: NewDiskImage['origin']): string | undefined {
  if (origin.kind === 'imported') return origin.file;
  return origin.kind === 'pulled' ? origin.url : undefined;
}
