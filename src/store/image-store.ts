import { homedir } from 'node:os';
import type { Image, KernelImage } from '../images/image.ts';
import type { BuildMicroOptions } from '../images/micro.ts';
import type { PruneOptions, RemovedImages } from '../images/remove-image.ts';
import type { ImageList, ListedImage } from '../images/store.ts';
import { type Locations, locate } from '../machine/locations.ts';
import type { Limits } from '../util/deadline.ts';

/** The images of one user. What only some calls need is loaded by them. */
export class ImageStore {
  readonly #locations: Locations;

  /** @param environment where the XDG variables are; the process's own by default. */
  constructor(environment: Readonly<Record<string, string | undefined>> = process.env) {
    this.#locations = locate(environment, homedir(), process.getuid?.() ?? 0);
  }

  /** All images, newest first, and what is broken. */
  async list(): Promise<ImageList> {
    const { listImages } = await import('../images/store.ts');
    return listImages(this.#locations.images);
  }

  /**
   * The image with this name, or whose digest begins like this (12 digits at least).
   * @throws ImageNotFoundError, InvalidInputError for what can be neither.
   */
  async get(reference: string): Promise<Image> {
    const { requireImage } = await import('../images/store.ts');
    return requireImage(this.#locations.images, reference);
  }

  /**
   * Builds `micro` anew, see `BuildMicroOptions`; `launch` does it by itself where there is none.
   * @throws ImageBuildError, InvalidInputError, NoSpaceError, PermissionError, MissingProgramError, the signal's reason.
   */
  async buildMicro(options: Omit<BuildMicroOptions, 'store' | 'agentPath'> = {}): Promise<KernelImage> {
    const { buildMicro } = await import('../images/micro.ts');
    const { agentProgram } = await import('../machine/package-files.ts');
    return buildMicro({ ...options, store: this.#locations.images, agentPath: agentProgram() });
  }

  /**
   * Gives an image one name more, which another image loses.
   * @throws ImageNotFoundError, InvalidInputError for what cannot be a name.
   */
  async tag(reference: string, name: string, limits: Limits = {}): Promise<Image> {
    const { tagImage } = await import('../images/tag-image.ts');
    return tagImage(this.#locations.images, reference, name, limits);
  }

  /**
   * Takes a name away; with its last name the image goes, and those that had it before and that nobody needs. Given
   * the beginning of a digest, the image goes with all of its names.
   * @throws ImageNotFoundError, ImageInUseError when a machine, a kept disk or another image stands on it.
   */
  async remove(reference: string, limits: Limits = {}): Promise<RemovedImages> {
    const { removeImage } = await import('../images/remove-image.ts');
    const { findImageUsers } = await import('./image-users.ts');
    return removeImage(this.#locations.images, reference, () => findImageUsers(this.#locations), limits);
  }

  /**
   * Removes images that have no name and that nobody needs; see `PruneOptions`.
   * @returns what was removed, or would be.
   */
  async prune(options: PruneOptions = {}): Promise<readonly ListedImage[]> {
    const { pruneImages } = await import('../images/remove-image.ts');
    const { findImageUsers } = await import('./image-users.ts');
    return pruneImages(this.#locations.images, () => findImageUsers(this.#locations), options);
  }
}
