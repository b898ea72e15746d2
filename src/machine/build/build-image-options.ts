import type { BuildScript } from '../../images/build/recipe.ts';
import type { DiskImage } from '../../images/record/image.ts';
import type { ImageProgress } from '../../images/pull/image-progress.ts';

/** Options that both ways of building an image share. */
export interface ImageBuildOptions {
  /** Name of the image, as in `web` or `web:2`. An image that already has the name loses it. */
  readonly name: string;
  /** Whether an identical earlier build is reused; true by default. */
  readonly cache?: boolean | undefined;
  /** Called as the build advances. */
  readonly onProgress?: ((progress: ImageProgress) => void) | undefined;
  /** Called with each line that a script prints on stdout or stderr, without its line end. */
  readonly onOutput?: ((line: string) => void) | undefined;
  /** Aborting rejects with the signal's reason and removes the unfinished build. */
  readonly signal?: AbortSignal | undefined;
}

/** Options for building an image from a distribution's packages. */
export interface BuildImageOptions extends ImageBuildOptions {
  /**
   * Distribution and release, such as `debian:13`, `fedora:45`, `centos-stream:10`, `rocky:9` or
   * `almalinux:10`.
   */
  readonly distribution: string;
  /**
   * Packages to install in addition to a bootable, reachable base system. Recommended packages are not
   * installed.
   */
  readonly include?: readonly string[] | undefined;
  /**
   * Scripts that root runs in the new system, in order, after all packages are installed. The system is not
   * booted.
   */
  readonly run?: readonly BuildScript[] | undefined;
  /**
   * Virtual size of the disk, in bytes or as in `20G`; 10 GiB by default. Space on the host is used only as
   * data is written.
   */
  readonly size?: number | string | undefined;
  /**
   * Package mirror, as in `http://deb.debian.org/debian` or `https://dl.fedoraproject.org/pub/fedora/linux`.
   * The default is the mirror of the host's apt for Debian, otherwise the distribution's own. With a given
   * mirror, Debian's security updates still come from Debian itself.
   */
  readonly mirror?: string | undefined;
  /**
   * Path of the key that signs the mirror's packages, if it is not the distribution's. Not supported for
   * Debian.
   */
  readonly key?: string | undefined;
}

/** An image that was built, or reused. */
export interface BuiltImage {
  readonly image: DiskImage;
  /** True when an identical earlier build was reused. */
  readonly cached: boolean;
}
