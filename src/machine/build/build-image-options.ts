import type { BuildScript } from '../../images/build/recipe.ts';
import type { DiskImage } from '../../images/record/image.ts';
import type { ImageProgress } from '../../images/pull/image-progress.ts';

/** What both ways of building an image have in common. */
export interface ImageBuildOptions {
  /** What the image is called, as in `web` or `web:2`; an image that had the name before loses it. */
  readonly name: string;
  /** Whether an image that was built of the same inputs before is taken as it is; true by default. */
  readonly cache?: boolean | undefined;
  readonly onProgress?: ((progress: ImageProgress) => void) | undefined;
  /** Gets each line that a script prints, on stdout or on stderr, without its line end. */
  readonly onOutput?: ((line: string) => void) | undefined;
  /** Aborting rejects with its reason; nothing of the build stays. */
  readonly signal?: AbortSignal | undefined;
}

/** An image of a distribution's packages. */
export interface BuildImageOptions extends ImageBuildOptions {
  /** Such as `debian:13`, `fedora:45`, `centos-stream:10`, `rocky:9` or `almalinux:10`. */
  readonly distribution: string;
  /** Packages beside those that make a system that boots and is reached; what they only recommend is not installed. */
  readonly include?: readonly string[] | undefined;
  /** Programs that root runs in the new system, one after the other, once all packages are there. It is not booted. */
  readonly run?: readonly BuildScript[] | undefined;
  /** What the guest sees of the disk, as bytes or as in `20G`; 10 GiB by default. It takes no room before it is used. */
  readonly size?: number | string | undefined;
  /**
   * Where packages come from, as in `http://deb.debian.org/debian` or `https://dl.fedoraproject.org/pub/fedora/linux`. By
   * default what the host's apt uses for Debian, else what the distribution gives. Debian's security updates come from
   * Debian itself where this is given.
   */
  readonly mirror?: string | undefined;
  /** A file with the key that signs the mirror's packages, where the distribution's does not. Not for Debian. */
  readonly key?: string | undefined;
}

export interface BuiltImage {
  readonly image: DiskImage;
  /** The image was there already: of the same inputs it was built before. */
  readonly cached: boolean;
}
