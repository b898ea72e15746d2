import { renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ReplacedError, VolumeInUseError, VolumeNotFoundError, isSystemError } from '../../errors/index.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { quoteForShell } from '../../machine/qemu/quote.ts';
import { openVolumeStaging } from '../../machine/volume/make-volume.ts';
import type { Volume } from '../../machine/volume/volume.ts';
import { volumeFiles, volumeFilesIn } from '../../machine/volume/volume-files.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import { Scope } from '../../util/scope.ts';
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

/**
 * Removes a volume.
 * @throws VolumeNotFoundError, VolumeInUseError, ReplacedError.
 */
export async function removeVolume(
  locations: Locations,
  name: string,
  { createdAt }: RemoveVolumeOptions = {},
): Promise<void> {
  const volume = lookAtVolume(locations, name);
  if (!volume) throw new VolumeNotFoundError(name);
  if (createdAt !== undefined && volume.createdAt.getTime() !== createdAt.getTime()) throw replaced(name);
  refuseUsed(volume);
  await using scope = new Scope();
  const { directory } = volumeFiles(locations, name);
  const aside = join(openVolumeStaging(locations, scope), 'volume');
  move(directory, aside, name);
  // A machine may have begun to use it in the meantime, or it may be another volume.
  const users = findVolumeUsers(locations, name, aside);
  const isSame = createdAt === undefined || isCreatedAt(volumeFilesIn(aside).disk, createdAt);
  if (isSame && describeUsers(users).length === 0) return;
  move(aside, directory, name);
  if (!isSame) throw replaced(name);
  refuseUsed({ name, ...users });
}

/** Removes the volumes that no machine uses. @returns them; with `dryRun` those that would be removed. */
export async function pruneVolumes(
  locations: Locations,
  { dryRun = false, only }: PruneVolumesOptions,
): Promise<ListedVolume[]> {
  const removed: ListedVolume[] = [];
  const unused = listVolumes(locations).filter((one) => describeUsers(one).length === 0);
  for (const volume of unused) {
    const { name, createdAt } = volume;
    const isWanted = (seen: SeenVolume): boolean =>
      seen.name === name && seen.createdAt.getTime() === createdAt.getTime();
    if (only && !only.some(isWanted)) continue;
    if (dryRun || (await removeUnused(locations, volume))) removed.push(volume);
  }
  return removed;
}

/** A volume that was not removed. */
export interface KeptVolume {
  readonly name: string;
  /** Why it could not be removed; undefined for one that is in use or was to be kept. */
  readonly error?: unknown;
}

/** Removes those of the volumes that nothing uses. Never throws: what used them is removed already. */
export async function removeUnusedVolumes(
  locations: Locations,
  volumes: readonly SeenVolume[],
): Promise<KeptVolume[]> {
  const kept: KeptVolume[] = [];
  for (const { name, createdAt } of volumes) {
    try {
      await removeVolume(locations, name, { createdAt });
    } catch (error) {
      if (error instanceof VolumeInUseError) kept.push({ name });
      else if (!isGone(error)) kept.push({ name, error });
    }
  }
  return kept;
}

function isGone(error: unknown): boolean {
  return error instanceof VolumeNotFoundError || error instanceof ReplacedError;
}

async function removeUnused(locations: Locations, { name, createdAt }: SeenVolume): Promise<boolean> {
  try {
    await removeVolume(locations, name, { createdAt });
    return true;
  } catch (error) {
    if (isGone(error) || error instanceof VolumeInUseError) return false;
    throw error;
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
function howToFree({ name, target, running, removed }: VolumeMachine): string {
  if (target === '?') return `remove the machine first: vmlet rm ${name}`;
  if (removed) return `stop the machine first: vmlet stop ${name}`;
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
    : `wait until the throw-away machine has ended, or end process ${volume.processes[0] ?? ''}`;
  throw new VolumeInUseError(volume.name, users, hint);
}
