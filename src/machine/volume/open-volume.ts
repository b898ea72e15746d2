import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  InvalidInputError,
  VolumeExistsError,
  VolumeNotFoundError,
  isSystemError,
} from '../../errors/index.ts';
import type { Scope } from '../../util/scope.ts';
import type { Locations } from '../paths/locations.ts';
import { claimPath, nameOfOwned, ownIdentity, sweepDeadOwners } from '../paths/runtime-directory.ts';
import type { NamedVolume } from './named-volume.ts';
import { type NewVolume, makeVolume } from './make-volume.ts';
import { findVolume, needsRecovery } from './volume.ts';
import { volumeFiles } from './volume-files.ts';

/** Creates the volumes that do not exist yet. @throws as `makeVolume` does. */
export async function ensureVolumes(
  locations: Locations,
  volumes: readonly NewVolume[],
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const volume of volumes) {
    if (findVolume(locations, volume.name)) continue;
    await makeVolume(locations, volume, signal).catch((error: unknown) => {
      // Another process was faster.
      if (!(error instanceof VolumeExistsError)) throw error;
    });
  }
}

/**
 * Creates missing volumes of a throw-away machine, and records this process as a user until the scope
 * closes.
 * @throws as `ensureVolumes` and `requireReadable` do.
 */
export async function openVolumes(
  locations: Locations,
  volumes: readonly NamedVolume[],
  scope: Scope,
  signal: AbortSignal | undefined,
): Promise<void> {
  await holdVolumes(locations, volumes, scope, signal);
  requireReadable(locations, volumes);
}

/**
 * Creates missing volumes, and records this process as their user until the scope closes: until a machine is their
 * user, another command may remove them.
 * @throws as `ensureVolumes` does.
 */
export async function holdVolumes(
  locations: Locations,
  volumes: readonly NewVolume[],
  scope: Scope,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const volume of volumes) {
    do await ensureVolumes(locations, [volume], signal);
    while (!claim(volumeFiles(locations, volume.name).users, scope));
  }
}

/** Marks volumes that a machine has in its plan as used until the scope closes. @throws VolumeNotFoundError */
export function claimVolumes(locations: Locations, names: readonly string[], scope: Scope): void {
  for (const name of names) {
    if (!claim(volumeFiles(locations, name).users, scope)) throw new VolumeNotFoundError(name);
  }
}

/** @returns false when the volume has been removed in the meantime. */
function claim(users: string, scope: Scope): boolean {
  sweepDeadOwners(users);
  try {
    makeUsers(users);
    claimPath(join(users, nameOfOwned(ownIdentity())), scope);
    return true;
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false;
    throw error;
  }
}

/** A volume that its user has copied from another host may be only the disk. */
function makeUsers(users: string): void {
  try {
    mkdirSync(users, { mode: 0o700 });
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error;
  }
}

/** @throws InvalidInputError for a read-only volume whose journal has to be replayed. */
export function requireReadable(
  locations: Locations,
  volumes: readonly Pick<NamedVolume, 'field' | 'name' | 'readOnly'>[],
): void {
  for (const { field, name, readOnly } of volumes) {
    const volume = readOnly ? findVolume(locations, name) : undefined;
    if (!volume || !needsRecovery(volume)) continue;
    throw new InvalidInputError(
      field,
      `volume "${name}" cannot be mounted read-only: a machine is writing to it, or it was not unmounted cleanly`,
      {
        hint: `stop the machine that writes to the volume (to find this machine, run: vmlet volume inspect ${name}); if no machine writes to the volume, repair it: vmlet run -v ${name}:/mnt micro -- true`,
      },
    );
  }
}
