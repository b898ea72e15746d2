import { VolumeNotFoundError } from '../../errors/index.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { ownLocations } from '../../machine/paths/own-locations.ts';
import { DEFAULT_VOLUME_BYTES, checkVolumeName, parseVolumeSize } from '../../machine/volume/named-volume.ts';
import { makeVolume } from '../../machine/volume/make-volume.ts';
import { volumeNames } from '../../machine/volume/volume.ts';
import type { Limits } from '../../util/time/deadline.ts';
import {
  type PruneVolumesOptions,
  type RemoveVolumeOptions,
  pruneVolumes,
  removeVolume,
} from './remove-volumes.ts';
import { type ListedVolume, listVolumes, lookAtVolume } from './volume-users.ts';

/** Options of a new volume. */
export interface VolumeOptions extends Pick<Limits, 'signal'> {
  /** Bytes, or a size such as `20G`; 10 GiB by default. A volume takes only the space that was written. */
  readonly size?: number | string | undefined;
  /** Owner of its root directory; 0 by default. */
  readonly uid?: number;
  /** Group of its root directory; `uid` by default. */
  readonly gid?: number;
}

/** The named volumes of one user. */
export class VolumeStore {
  readonly #locations: Locations;

  /** @param environment the XDG variables; the process's own environment by default. */
  constructor(environment: Readonly<Record<string, string | undefined>> = process.env) {
    this.#locations = ownLocations(environment);
  }

  /** Returns the names of all volumes, sorted; cheap. */
  names(): string[] {
    return volumeNames(this.#locations);
  }

  /** Lists all volumes by name. */
  list(): ListedVolume[] {
    return listVolumes(this.#locations);
  }

  /** @throws VolumeNotFoundError, or InvalidInputError for an invalid name. */
  get(name: string): ListedVolume {
    const volume = lookAtVolume(this.#locations, checkVolumeName(name));
    if (volume) return volume;
    throw new VolumeNotFoundError(name);
  }

  /**
   * Creates a volume, atomically.
   * @throws InvalidInputError, VolumeExistsError, MissingProgramError without e2fsprogs, NoSpaceError, PermissionError.
   */
  async create(name: string, options: VolumeOptions = {}): Promise<ListedVolume> {
    const { size = DEFAULT_VOLUME_BYTES, uid = 0, gid = uid, signal } = options;
    const sizeBytes = parseVolumeSize(size, 'size');
    await makeVolume(
      this.#locations,
      { name: checkVolumeName(name), sizeBytes, owner: { uid, gid } },
      signal,
    );
    return this.get(name);
  }

  /**
   * Removes a volume.
   * @throws VolumeNotFoundError; VolumeInUseError, also for a machine that is stopped; ReplacedError for another volume
   *   than `createdAt` names.
   */
  async remove(name: string, options: RemoveVolumeOptions = {}): Promise<void> {
    await removeVolume(this.#locations, checkVolumeName(name), options);
  }

  /**
   * Removes the volumes that no machine uses.
   * @param options with `only`, all others stay, even those that have become unused.
   * @returns them; with `dryRun` those that would be removed.
   */
  async prune(options: PruneVolumesOptions = {}): Promise<ListedVolume[]> {
    return pruneVolumes(this.#locations, options);
  }
}
