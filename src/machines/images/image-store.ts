import { InvalidInputError } from '../../errors/index.ts';
import type { Catalogue, CatalogueRow } from '../../images/catalogue/catalogue.ts';
import type { ExportOptions, ExportedImage } from '../../images/pull/export-image.ts';
import type { DiskImage, Image, KernelImage } from '../../images/record/image.ts';
import { MICRO } from '../../images/record/reference.ts';
import type { BuildMicroOptions } from '../../images/micro/micro.ts';
import type { PullOptions as PullRequest } from '../../images/pull/pull.ts';
import type { NewImageOptions } from '../../images/pull/pull-url.ts';
import type { PruneOptions, RemovedImages } from '../../images/store/remove-image.ts';
import type { ImageList, ListedImage } from '../../images/store/store.ts';
import type { BuildImageOptions, BuiltImage } from '../../machine/build/build-image-options.ts';
import type { BuildLayerOptions } from '../../machine/build/build-layer.ts';
import { type Locations, placesOf } from '../../machine/paths/locations.ts';
import { ownLocations } from '../../machine/paths/own-locations.ts';
import type { Limits } from '../../util/time/deadline.ts';
import type { DiskUsage, UsageEntry } from './disk-usage.ts';
import type { InspectedImage } from './inspect-image.ts';

/** How far a pull is, and how it is ended. */
export type PullOptions = Pick<PullRequest, 'onProgress' | 'signal' | 'log' | 'anySize'>;

/** The images of one user. What only some calls need is loaded by them. */
export class ImageStore {
  readonly #locations: Locations;

  /** @param environment where the XDG variables are; the process's own by default. */
  constructor(environment: Readonly<Record<string, string | undefined>> = process.env) {
    this.#locations = ownLocations(environment);
  }

  /** All images, newest first, and what is broken. */
  async list(): Promise<ImageList> {
    const { listImages } = await import('../../images/store/store.ts');
    return listImages(this.#locations.images);
  }

  /**
   * The image with this name, or whose digest begins like this (12 digits at least).
   * @throws ImageNotFoundError, InvalidInputError for what can be neither.
   */
  async get(reference: string): Promise<Image> {
    const { requireImage } = await import('../../images/store/store.ts');
    return requireImage(this.#locations.images, reference);
  }

  /**
   * Gets an image of the catalogue from its publisher, verified as its entry says, under the name that is asked for and
   * its own; one that is there already with the digest that its publisher names now is taken as it is.
   * @throws ImageNotFoundError, CatalogueFileError, PublisherDocumentError, DownloadError, DigestMismatchError,
   *   SignatureError, ImageRefusedError, NoSpaceError, PermissionError, MissingProgramError, the signal's reason.
   */
  async pull(reference: string, options: PullOptions = {}): Promise<Image> {
    const { pullImage } = await import('../../images/pull/pull.ts');
    if (reference === MICRO) {
      throw new InvalidInputError('image', `${MICRO} is built here, and nobody publishes it`, {
        hint: `vmlet image build ${MICRO}`,
      });
    }
    return pullImage(reference, { ...placesOf(this.#locations), ...options });
  }

  /**
   * Gets an image from a web address, unpacked and converted where it has to be.
   * @throws InvalidInputError, DownloadError, DigestMismatchError, ImageRefusedError, NoSpaceError, PermissionError,
   *   MissingProgramError, the signal's reason.
   */
  async pullUrl(url: string, options: NewImageOptions): Promise<DiskImage> {
    const { pullUrl } = await import('../../images/pull/pull-url.ts');
    return pullUrl(url, placesOf(this.#locations), options);
  }

  /**
   * Makes an image of a file of this host, unpacked and converted where it has to be. The file stays as it is.
   * @throws InvalidInputError, DigestMismatchError, ImageRefusedError, NoSpaceError, PermissionError,
   *   MissingProgramError, the signal's reason.
   */
  async import(file: string, options: NewImageOptions): Promise<DiskImage> {
    const { importImage } = await import('../../images/pull/import-image.ts');
    return importImage(file, this.#locations.images, options);
  }

  /**
   * Writes an image to a file that stands alone, in any of several formats; see `ExportOptions`.
   * @throws ImageNotFoundError, InvalidInputError for a file that is there, NoSpaceError, PermissionError,
   *   MissingProgramError, the signal's reason.
   */
  async export(reference: string, file: string, options: ExportOptions = {}): Promise<ExportedImage> {
    const { exportImage } = await import('../../images/pull/export-image.ts');
    return exportImage(await this.get(reference), file, options);
  }

  /** All that is known of an image, and who needs it. @throws ImageNotFoundError, InvalidInputError. */
  async inspect(reference: string): Promise<InspectedImage> {
    const { inspectImage } = await import('./inspect-image.ts');
    return inspectImage(this.#locations, reference);
  }

  /** The images that can be pulled by name, the user's own first. Nobody is asked. @throws CatalogueFileError. */
  async catalogue(): Promise<readonly CatalogueRow[]> {
    return (await this.#openCatalogue()).list();
  }

  /** Those of them that have a word in their name, alias or description. @throws CatalogueFileError. */
  async search(term: string): Promise<readonly CatalogueRow[]> {
    return (await this.#openCatalogue()).search(term);
  }

  /**
   * Builds `micro` anew, see `BuildMicroOptions`; `launch` does it by itself where there is none.
   * @throws ImageBuildError, InvalidInputError, NoSpaceError, PermissionError, MissingProgramError, the signal's reason.
   */
  async buildMicro(options: Omit<BuildMicroOptions, 'store' | 'agentPath'> = {}): Promise<KernelImage> {
    const { buildMicro } = await import('../../images/micro/micro.ts');
    const { agentProgram } = await import('../../machine/paths/package-files.ts');
    return buildMicro({ ...options, store: this.#locations.images, agentPath: agentProgram() });
  }

  /**
   * Builds an image of a distribution's packages, which boots with cloud-init, sshd and our agent, and names it. Needs
   * no root. One that was built of the same inputs before is taken as it is, unless told not to: newer packages of a
   * mirror are not seen then. Nothing of a build that fails stays.
   * @throws InvalidInputError, MissingProgramError (mmdebstrap and others), ImageBuildError (a script that fails, with its
   *   last lines; a package that is not there; a mirror that cannot be reached), NoSpaceError, PermissionError,
   *   CommandFailedError, the signal's reason.
   */
  async build(options: BuildImageOptions): Promise<BuiltImage> {
    const { buildImage } = await import('../../machine/build/build-image.ts');
    return buildImage(options, this.#locations.images);
  }

  /**
   * Builds an image by scripts, each in a machine of its own that boots what the one before it left, and names the last.
   * The disk holds what differs from the image that it stands on, which cannot be removed before it. What makes a
   * machine itself (its machine id, host keys, logs, what its seed said) does not stay. A script whose image is there
   * already is not run again, unless told so; images of the scripts before the last have no name, and `prune` removes
   * those that nobody needs. A script that fails leaves no image.
   * @throws InvalidInputError (also for `micro`, which has no disk), ImageNotFoundError and what pulling an image throws,
   *   what `launch` throws, ImageBuildError (a script that fails, with its last lines; a guest that does not shut down),
   *   GuestSetupError, NoSpaceError, PermissionError, CommandFailedError, the signal's reason.
   */
  async buildLayer(options: BuildLayerOptions): Promise<BuiltImage> {
    const { buildLayers } = await import('../../machine/build/build-layer.ts');
    return buildLayers(options, this.#locations);
  }

  /**
   * Gives an image one name more, which another image loses.
   * @throws ImageNotFoundError, InvalidInputError for what cannot be a name.
   */
  async tag(reference: string, name: string, limits: Limits = {}): Promise<Image> {
    const { tagImage } = await import('../../images/store/tag-image.ts');
    return tagImage(this.#locations.images, reference, name, limits);
  }

  /**
   * Takes a name away; with its last name the image goes, and those that had it before and that nobody needs. Given
   * the beginning of a digest, the image goes with all of its names.
   * @throws ImageNotFoundError, ImageInUseError when a machine, a kept disk or another image stands on it.
   */
  async remove(reference: string, limits: Limits = {}): Promise<RemovedImages> {
    const { removeImage } = await import('../../images/store/remove-image.ts');
    const { findImageUsers } = await import('./image-users.ts');
    return removeImage(this.#locations.images, reference, () => findImageUsers(this.#locations), limits);
  }

  /**
   * Removes images that have no name and that nobody needs; see `PruneOptions`.
   * @returns what was removed, or would be.
   */
  async prune(options: PruneOptions = {}): Promise<readonly ListedImage[]> {
    const { pruneImages } = await import('../../images/store/remove-image.ts');
    const { findImageUsers } = await import('./image-users.ts');
    return pruneImages(this.#locations.images, () => findImageUsers(this.#locations), options);
  }

  /** What images, machines and all else of vmlet's takes on this host. @throws the signal's reason. */
  async diskUsage({ signal }: Pick<Limits, 'signal'> = {}): Promise<DiskUsage> {
    const { measureDiskUsage } = await import('./disk-usage.ts');
    return measureDiskUsage(this.#locations, signal);
  }

  /**
   * Removes what nobody works on any more: interrupted downloads, and what somebody was making who was killed.
   * @returns what was removed, or would be.
   */
  async pruneLeftovers(options: { readonly dryRun?: boolean } = {}): Promise<readonly UsageEntry[]> {
    const { pruneLeftovers } = await import('./prune-leftovers.ts');
    return pruneLeftovers(this.#locations, options);
  }

  async #openCatalogue(): Promise<Catalogue> {
    const { openCatalogue } = await import('../../images/catalogue/catalogue.ts');
    const { catalogue: file, userCatalogue: userFile } = placesOf(this.#locations);
    return openCatalogue({ file, userFile });
  }
}
