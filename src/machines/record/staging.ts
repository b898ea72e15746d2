import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { MachineExistsError, isSystemError } from '../../errors/index.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { claimDirectory, sweepDeadOwners } from '../../machine/paths/runtime-directory.ts';
import { syncDirectory } from '../../util/files/atomic-file.ts';
import type { Scope } from '../../util/scope.ts';
import { makeDirectories } from '../../util/files/make-directories.ts';
import { removeTree } from '../../util/files/removal.ts';
import { forgetCommandEnd } from './command-ends.ts';

/**
 * Opens a directory beside the machines, in which one is created or taken apart. Its name contains its owner; directories
 * of dead owners are removed by the next call.
 */
export function openStaging(locations: Locations, scope: Scope): string {
  makeDirectories(locations.machines);
  const parent = join(locations.machines, '.staging');
  sweepDeadOwners(parent);
  return claimDirectory(parent, scope);
}

/**
 * Moves a finished directory into place, where it becomes a machine.
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
  forgetCommandEnd(locations, name);
}

/** Moves a machine's directory away atomically, then removes it, which may take time. */
export function discardDirectory(path: string, staging: string): void {
  const aside = join(staging, 'discarded');
  renameSync(path, aside);
  removeTree(aside);
}
