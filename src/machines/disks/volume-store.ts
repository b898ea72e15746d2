import { renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ReplacedError, VolumeInUseError, VolumeNotFoundError, isSystemError } from '../../errors/index.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { ownLocations } from '../../machine/paths/own-locations.ts';
import { quoteForShell } from '../../machine/qemu/quote.ts';
import { DEFAULT_VOLUME_BYTES, checkVolumeName, parseVolumeSize } from '../../machine/volume/named-volume.ts';
import { makeVolume, openVolumeStaging } from '../../machine/volume/make-volume.ts';
import { type Volume, volumeNames } from '../../machine/volume/volume.ts';
import { volumeFiles, volumeFilesIn } from '../../machine/volume/volume-files.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import { Scope } from '../../util/scope.ts';
import type { Limits } from '../../util/time/deadline.ts';
import {
  type ListedVolume,
  type VolumeMachine,
  type VolumeUsers,
  describeUsers,
  findVolumeUsers,
  listVolumes,
  lookAtVolume,
} from './volume-users.ts';

/** A volume as it was listed: another one may have got its name since then. */
export type SeenVolume = Pick<Volume, 'name' | 'createdAt'>;

/** Options of `remove`. */
export interface RemoveVolumeOptions {
  /** Remove it only if it was created at this time, as `createdAt` of a listed one. */
  readonly createdAt?: Date | undefined;
}

/** Options of `prune`. */
export interface PruneVolumesOptions {
  /** Remove nothing; false by default. */
  readonly dryRun?: boolean | undefined;
  /** The volumes that may be removed, as they were listed; all by default. */
  readonly only?: readonly SeenVolume[] | undefined;
}

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
  async remove(name: string, { createdAt }: RemoveVolumeOptions = {}): Promise<void> {
    const volume = this.get(name);
    if (createdAt !== undefined && volume.createdAt.getTime() !== createdAt.getTime()) throw replaced(name);
    refuseUsed(volume);
    await using scope = new Scope();
    const { directory } = volumeFiles(this.#locations, name);
    const aside = join(openVolumeStaging(this.#locations, scope), 'volume');
    move(directory, aside, name);
    // A machine may have begun to use it in the meantime, or it may be another volume.
    const users = findVolumeUsers(this.#locations, name, aside);
    const isSame = createdAt === undefined || isCreatedAt(volumeFilesIn(aside).disk, createdAt);
    if (isSame && describeUsers(users).length === 0) return;
    move(aside, directory, name);
    if (!isSame) throw replaced(name);
    refuseUsed({ name, ...users });
  }

  /**
   * Removes the volumes that no machine uses.
   * @param only leaves all others, even those that have become unused.
   * @returns them; with `dryRun` those that would be removed.
   */
  async prune({ dryRun = false, only }: PruneVolumesOptions = {}): Promise<ListedVolume[]> {
    const removed: ListedVolume[] = [];
    const unused = this.list().filter((one) => describeUsers(one).length === 0);
    for (const volume of unused) {
      const { name, createdAt } = volume;
      const isWanted = (seen: SeenVolume): boolean =>
        seen.name === name && seen.createdAt.getTime() === createdAt.getTime();
      if (only && !only.some(isWanted)) continue;
      if (dryRun || (await this.#removeUnused(volume))) removed.push(volume);
    }
    return removed;
  }

  async #removeUnused({ name, createdAt }: SeenVolume): Promise<boolean> {
    try {
      await this.remove(name, { createdAt });
      return true;
    } catch (error) {
      const isGone = error instanceof VolumeNotFoundError || error instanceof ReplacedError;
      if (isGone || error instanceof VolumeInUseError) return false;
      throw error;
    }
  }
}

function isCreatedAt(disk: string, createdAt: Date): boolean {
  return unlessMissing(() => statSync(disk))?.birthtime.getTime() === createdAt.getTime();
}

function replaced(name: string): ReplacedError {
  return new ReplacedError(`volume "${name}" was not removed: another volume has the same name now`, {
    hint: 'list the volumes again: vmlet volume ls',
  });
}

function move(from: string, to: string, name: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) throw new VolumeNotFoundError(name);
    throw error;
  }
}

/** Returns the way to remove a volume from a machine; of a broken machine, the mount point is not known. */
function howToFree({ name, target, running }: VolumeMachine): string {
  if (target === '?') return `remove the machine first: vmlet rm ${name}`;
  const detach = `vmlet share rm ${name} ${quoteForShell(target)}`;
  return running
    ? `stop the machine and remove the volume from it first: vmlet stop ${name} && ${detach}`
    : `remove the volume from the machine first: ${detach}; or remove the machine: vmlet rm ${name}`;
}

function refuseUsed(volume: VolumeUsers & Pick<Volume, 'name'>): void {
  const users = describeUsers(volume);
  if (users.length === 0) return;
  const [machine] = volume.machines;
  const hint = machine
    ? howToFree(machine)
    : `wait until the disposable machine has ended, or end process ${volume.processes[0] ?? ''}`;
  throw new VolumeInUseError(volume.name, users, hint);
}
