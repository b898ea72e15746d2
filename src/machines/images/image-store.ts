import { InvalidInputError } from '../../errors/index.ts';
import type { Catalogue, CatalogueRow } from '../../images/catalogue/catalogue.ts';
import type { ExportOptions, ExportedImage } from '../../images/pull/export-image.ts';
import type { DiskImage, Image, KernelImage } from '../../images/record/image.ts';
import { MICRO } from '../../images/record/reference.ts';
import type { BuildMicroOptions } from '../../images/micro/micro.ts';
import type { PullOptions as PullRequest } from '../../images/pull/pull.ts';
import type { PublishedImage } from '../../images/pull/published-image.ts';
import type { NewImageOptions } from '../../images/pull/pull-url.ts';
import type { PruneOptions, RemovedImages } from '../../images/store/remove-image.ts';
import type { ImageList, ListedImage } from '../../images/store/store.ts';
import type { BuildImageOptions, BuiltImage } from '../../machine/build/build-image-options.ts';
import type { BuildLayerOptions } from '../../machine/build/build-layer.ts';
import { type Locations, placesOf } from '../../machine/paths/locations.ts';
import { ownLocations } from '../../machine/paths/own-locations.ts';
import type { Waiting } from '../../process/lock/descriptor-lock.ts';
import type { Limits } from '../../util/time/deadline.ts';
import type { DiskUsage, UsageEntry } from './disk-usage.ts';
import type { InspectedImage } from './inspect-image.ts';
import type { PruneLeftoversOptions } from './prune-leftovers.ts';

/** Progress and abort options of a pull. */
export type PullOptions = Pick<PullRequest, 'onProgress' | 'signal' | 'log' | 'anySize'>;

/** The images of one user. Methods load their modules on first use. */
export class ImageStore {
  readonly #locations: Locations;

  /** @param environment the XDG variables; the process's own environment by default. */
  constructor(environment: Readonly<Record<string, string | undefined>> = process.env) {
    this.#locations = ownLocations(environment);
  }

  /** Lists all images, newest first, and broken ones. */
  async list(): Promise<ImageList> {
    const { listImages } = await import('../../images/store/store.ts');
    return listImages(this.#locations.images);
  }

  /**
   * Returns the image with this name or digest prefix (at least 12 digits).
   * @throws ImageNotFoundError, or InvalidInputError for an invalid reference.
   */
  async get(reference: string): Promise<Image> {
    const { requireImage } = await import('../../images/store/store.ts');
    return requireImage(this.#locations.images, reference);
  }

  /**
   * Pulls an image of the catalogue from its publisher, verified as its entry requires, and names it as requested and by
   * its own name. An image that already has the publisher's current digest is not downloaded again.
   * @throws ImageNotFoundError, CatalogueFileError, PublisherDocumentError, DownloadError, DigestMismatchError,
   *   SignatureError, ImageRefusedError, NoSpaceError, PermissionError, MissingProgramError, the signal's reason.
   */
  async pull(reference: string, options: PullOptions = {}): Promise<Image> {
    const { pullImage } = await import('../../images/pull/pull.ts');
    if (reference === MICRO) {
      throw new InvalidInputError('image', `${MICRO} is built locally and cannot be pulled`, {
        hint: `run: vmlet image build ${MICRO}`,
      });
    }
    return pullImage(reference, { ...placesOf(this.#locations), ...options });
  }

  /**
   * Pulls an image from a web address, and unpacks and converts it if necessary.
   * @throws InvalidInputError, DownloadError, DigestMismatchError, ImageRefusedError, NoSpaceError, PermissionError,
   *   MissingProgramError, the signal's reason.
   */
  async pullUrl(url: string, options: NewImageOptions): Promise<DiskImage> {
    const { pullUrl } = await import('../../images/pull/pull-url.ts');
    return pullUrl(url, placesOf(this.#locations), options);
  }

  /**
   * Imports an image from a file of this host, and unpacks and converts it if necessary. The file is not changed.
   * @throws InvalidInputError, DigestMismatchError, ImageRefusedError, NoSpaceError, PermissionError,
   *   MissingProgramError, the signal's reason.
   */
  async import(file: string, options: NewImageOptions): Promise<DiskImage> {
    const { importImage } = await import('../../images/pull/import-image.ts');
    return importImage(file, this.#locations.images, options);
  }

  /**
   * Exports an image to a file without backing files, in one of several formats; see `ExportOptions`.
   * @throws ImageNotFoundError, InvalidInputError when the file exists, NoSpaceError, PermissionError,
   *   MissingProgramError, the signal's reason.
   */
  async export(reference: string, file: string, options: ExportOptions = {}): Promise<ExportedImage> {
    const { exportImage } = await import('../../images/pull/export-image.ts');
    return exportImage(await this.get(reference), file, options);
  }

  /** Returns the details of an image, with its users. @throws ImageNotFoundError, InvalidInputError. */
  async inspect(reference: string): Promise<InspectedImage> {
    const { inspectImage } = await import('./inspect-image.ts');
    return inspectImage(this.#locations, reference);
  }

  /** Returns the users of every image in words, as `usedBy` of `inspect`, by its digest. */
  async users(): Promise<ReadonlyMap<string, readonly string[]>> {
    const { usersOfImages } = await import('./inspect-image.ts');
    return usersOfImages(this.#locations);
  }

  /** Lists the images that can be pulled by name, the user's own first, without network access. @throws CatalogueFileError. */
  async catalogue(): Promise<readonly CatalogueRow[]> {
    return (await this.#openCatalogue()).list();
  }

  /** Lists catalogue entries with a word in their name, alias or description. @throws CatalogueFileError. */
  async search(term: string): Promise<readonly CatalogueRow[]> {
    return (await this.#openCatalogue()).search(term);
  }

  /**
   * Asks the publisher of an image of the catalogue for the file that `pull` would download now, and for its size: for at
   * most a minute by default.
   * @throws ImageNotFoundError, CatalogueFileError, PublisherDocumentError, SignatureError, DownloadError,
   *   TimedOutError, the signal's reason.
   */
  async lookUp(reference: string, limits: Limits = {}): Promise<PublishedImage> {
    const { lookUpImage } = await import('../../images/pull/published-image.ts');
    return lookUpImage(reference, placesOf(this.#locations), limits);
  }

  /**
   * Builds `micro` again, see `BuildMicroOptions`; `launch` builds it when it is missing.
   * @throws ImageBuildError, InvalidInputError, NoSpaceError, PermissionError, MissingProgramError, the signal's reason.
   */
  async buildMicro(
    options: Omit<BuildMicroOptions, 'store' | 'agentPath' | 'readUsers'> = {},
  ): Promise<KernelImage> {
    const { buildMicro } = await import('../../images/micro/micro.ts');
    const { agentProgram } = await import('../../machine/paths/package-files.ts');
    const { findImageUsers } = await import('./image-users.ts');
    return buildMicro({
      ...options,
      store: this.#locations.images,
      agentPath: agentProgram(),
      readUsers: async () => findImageUsers(this.#locations),
    });
  }

  /**
   * Builds and names an image from a distribution's packages; it boots with cloud-init, sshd and vmlet's agent. Needs no
   * root. An identical earlier build is reused, unless disabled; this does not notice newer packages of a mirror. A
   * failed build leaves nothing behind.
   * @throws InvalidInputError, MissingProgramError (mmdebstrap and others), ImageBuildError (a failed script, with its
   *   last lines; a missing package; an unreachable mirror), NoSpaceError, PermissionError,
   *   CommandFailedError, the signal's reason.
   */
  async build(options: BuildImageOptions): Promise<BuiltImage> {
    const { buildImage } = await import('../../machine/build/build-image.ts');
    return buildImage(options, this.#locations.images);
  }

  /**
   * Builds an image with scripts and names the last one. Each script runs in a machine that boots the result of the one
   * before. The disk holds only the differences from its base image, which cannot be removed first. The identity of the
   * build machine (machine id, host keys, logs, data of its seed) is removed. A script whose image exists is not run
   * again, unless requested; intermediate images have no name, and `prune` removes unused ones. A failed script leaves
   * no image.
   * @throws InvalidInputError (also for `micro`, which has no disk), ImageNotFoundError and what pulling an image throws,
   *   what `launch` throws, ImageBuildError (a failed script, with its last lines; a guest that does not shut down),
   *   GuestSetupError, NoSpaceError, PermissionError, CommandFailedError, the signal's reason.
   */
  async buildLayer(options: BuildLayerOptions): Promise<BuiltImage> {
    const { buildLayers } = await import('../../machine/build/build-layer.ts');
    return buildLayers(options, this.#locations);
  }

  /**
   * Adds a name to an image; another image with that name loses it.
   * @throws ImageNotFoundError, or InvalidInputError for an invalid name.
   */
  async tag(reference: string, name: string, waiting: Waiting = {}): Promise<Image> {
    const { tagImage } = await import('../../images/store/tag-image.ts');
    return tagImage(this.#locations.images, reference, name, waiting);
  }

  /**
   * Removes a name; the last name removes the image and unused earlier images of that name. A digest prefix, or any
   * name of a damaged image, removes the image with all its names.
   * @throws ImageNotFoundError, ImageInUseError when a machine, a kept disk or another image is based on it.
   */
  async remove(reference: string, waiting: Waiting = {}): Promise<RemovedImages> {
    const { removeImage } = await import('../../images/store/remove-image.ts');
    const { findImageUsers } = await import('./image-users.ts');
    const usersOf = async () => findImageUsers(this.#locations);
    const removed = await removeImage(this.#locations.images, reference, usersOf, waiting);
    await this.#pruneKeptGuests();
    return removed;
  }

  /**
   * Removes images that have no name and no user; see `PruneOptions`.
   * @returns the removed images, or with `dryRun` those that would be removed.
   */
  async prune(options: PruneOptions = {}): Promise<readonly ListedImage[]> {
    const { pruneImages } = await import('../../images/store/remove-image.ts');
    const { findImageUsers } = await import('./image-users.ts');
    const pruned = await pruneImages(
      this.#locations.images,
      async () => findImageUsers(this.#locations),
      options,
    );
    if (options.dryRun !== true) await this.#pruneKeptGuests();
    return pruned;
  }

  /** Measures the disk use of images, machines and all other files of vmlet. @throws the signal's reason. */
  async diskUsage({ signal }: Pick<Limits, 'signal'> = {}): Promise<DiskUsage> {
    const { measureDiskUsage } = await import('./disk-usage.ts');
    return measureDiskUsage(this.#locations, signal);
  }

  /**
   * Removes leftovers: interrupted downloads, unfinished files of killed processes, compiled code of the command that was
   * not used for 30 days, kept guests, from which runs start faster, and on request the disks of removed machines; see
   * `PruneLeftoversOptions`.
   * @returns the removed items, or with `dryRun` those that would be removed.
   */
  async pruneLeftovers(options: PruneLeftoversOptions = {}): Promise<readonly UsageEntry[]> {
    const { pruneLeftovers } = await import('./prune-leftovers.ts');
    return pruneLeftovers(this.#locations, options);
  }

  /** Removes the booted guests of images that are gone, and damaged ones. */
  async #pruneKeptGuests(): Promise<void> {
    const { KeptGuests } = await import('../../template/kept/kept-guests.ts');
    await new KeptGuests(this.#locations).removeWhere(({ template }) => template?.hasSources() === false);
  }

  async #openCatalogue(): Promise<Catalogue> {
    const { openCatalogue } = await import('../../images/catalogue/catalogue.ts');
    const { catalogue: file, userCatalogue: userFile } = placesOf(this.#locations);
    return openCatalogue({ file, userFile });
  }
}
