import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { MachineExistsError, isSystemError } from '../../errors/index.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { claimDirectory, sweepDeadOwners } from '../../machine/paths/runtime-directory.ts';
import { syncDirectory } from '../../util/files/atomic-file.ts';
import type { Scope } from '../../util/scope.ts';
import { makeDirectories } from '../../util/files/make-directories.ts';
import { removeTree } from '../../util/files/removal.ts';

/**
 * A directory beside the machines in which one is made or taken apart. Its name says whose it is; those of dead owners
 * are removed by the next one.
 */
export function openStaging(locations: Locations, scope: Scope): string {
  makeDirectories(locations.machines);
  const parent = join(locations.machines, '.staging');
  sweepDeadOwners(parent);
  return claimDirectory(parent, scope);
}

/**
 * Gives a finished directory its name: it is a machine from then on.
 * @throws MachineExistsError
 */
export function placeMachine(from: string, locations: Locations, name: string): void {
  try {
    renameSync(from, join(locations.machines, name));
  } catch (error) {
    if (isSystemError(error, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR')) throw new MachineExistsError(name);
    throw error;
  }
  syncDirectory(locations.machines);
}

/** Takes a machine's directory away in one step and removes it then, which may take time. */
export function discardDirectory(path: string, staging: string): void {
  const aside = join(staging, 'discarded');
  renameSync(path, aside);
  removeTree(aside);
}
