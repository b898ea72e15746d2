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
  /** The name that it was made under, as in "micro" or "debian:13". */
  readonly name: string;
  /** Lower-case hexadecimal SHA-256 over what the image is. */
  readonly digest: string;
  /** What its files take up, without those of the image that it stands on. */
  readonly bytes: number;
  readonly createdAt: Date;
  /** What it was made from: package or file names with their versions; empty for one that came whole. */
  readonly sources: readonly ImageSource[];
}

/** A kernel with an initramfs. */
export interface KernelImage extends CommonImage {
  readonly kind: 'kernel';
  readonly kernelPath: string;
  readonly initrdPath: string;
  /** Kernel parameters that this image wants, in order. */
  readonly append: readonly string[];
  /** What `uname -r` says in the guest. */
  readonly kernelRelease: string;
}

/** A file that a disk takes what it does not hold itself from. */
export interface DiskLayer {
  readonly path: string;
  readonly format: DiskFormat;
  readonly backing?: DiskLayer | undefined;
}

/** A disk to boot from, never written to: machines get overlays on it. */
export interface DiskImage extends CommonImage, DiskLayer {
  readonly kind: 'disk';
  /** What the guest sees of it. */
  readonly virtualBytes: number;
  readonly guest: GuestDescription;
  readonly origin: ImageOrigin;
  /** The digest of the image that it stands on. */
  readonly backingDigest: string | undefined;
}

/** A read-only thing to boot from. */
export type Image = KernelImage | DiskImage;

/** Undefined for what was made here, of packages or of another image. */
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

/** @param backing what it stands on, where it stands on another image. */
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
