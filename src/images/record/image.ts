import { join } from 'node:path';
import type { DiskFormat } from '../formats/disk-info.ts';
import type { GuestDescription } from './guest-description.ts';
import {
  type DiskManifest,
  type ImageManifest,
  type ImageOrigin,
  type ImageSource,
  type KernelManifest,
  type Verification,
  filesOf,
} from './manifest.ts';

interface CommonImage {
  /** Name at its creation, as in "micro" or "debian:13". */
  readonly name: string;
  /** SHA-256 that identifies the image, in lower-case hexadecimal. */
  readonly digest: string;
  /** Total size of its files, without those of the image that it is based on. */
  readonly bytes: number;
  readonly createdAt: Date;
  /**
   * Packages or files that it was built from, with their versions; empty for an image that was pulled or imported, or
   * built by scripts in another.
   */
  readonly sources: readonly ImageSource[];
}

/** A kernel with an initramfs. */
export interface KernelImage extends CommonImage {
  readonly kind: 'kernel';
  readonly kernelPath: string;
  readonly initrdPath: string;
  /** Kernel parameters of this image, in order. */
  readonly append: readonly string[];
  /** Output of `uname -r` in the guest. */
  readonly kernelRelease: string;
}

/** A file of a disk's chain: reads of data that it does not contain go to its backing file. */
export interface DiskLayer {
  readonly path: string;
  readonly format: DiskFormat;
  readonly backing?: DiskLayer | undefined;
}

/** A disk to boot from. It is never written to: machines use overlays. */
export interface DiskImage extends CommonImage, DiskLayer {
  readonly kind: 'disk';
  /** The size of the disk that the guest sees. */
  readonly virtualBytes: number;
  readonly guest: GuestDescription;
  readonly origin: ImageOrigin;
  /** Digest of the image that it is based on. */
  readonly backingDigest: string | undefined;
}

/** An image to boot from. It is read-only. */
export type Image = KernelImage | DiskImage;

/** Returns how an image was verified; undefined for one built here, from packages or from another image. */
export function verificationOf(image: Image): Verification | undefined {
  return image.kind === 'disk' && 'verification' in image.origin ? image.origin.verification : undefined;
}

export function imageDirectoryName(digest: string): string {
  return `sha256-${digest}`;
}

export function digestOfDirectory(name: string): string {
  return name.replace(/^sha256-/, '');
}

export function kernelImageOf(directory: string, manifest: KernelManifest): KernelImage {
  return {
    kind: 'kernel',
    ...commonOf(manifest),
    kernelPath: join(directory, manifest.kernel.path),
    initrdPath: join(directory, manifest.initrd.path),
    append: manifest.append,
    kernelRelease: manifest.kernelRelease,
  };
}

/** @param backing the disk of the image that it is based on, if any. */
export function diskImageOf(
  directory: string,
  manifest: DiskManifest,
  backing: DiskLayer | undefined,
): DiskImage {
  return {
    kind: 'disk',
    ...commonOf(manifest),
    path: join(directory, manifest.disk.path),
    format: manifest.format,
    virtualBytes: manifest.virtualBytes,
    guest: manifest.guest,
    origin: manifest.origin,
    backingDigest: manifest.backing,
    backing,
  };
}

function commonOf(manifest: ImageManifest): CommonImage {
  return {
    name: manifest.name,
    digest: manifest.digest,
    bytes: filesOf(manifest).reduce((sum, { bytes }) => sum + bytes, 0),
    createdAt: new Date(manifest.createdAt),
    sources: manifest.sources,
  };
}
