import { rmSync } from 'node:fs';
import { MachineExistsError, MachineStateError } from '../errors.ts';
import type { Locations } from '../machine/locations.ts';
import { replaceFile } from '../util/atomic-file.ts';
import { Scope } from '../util/scope.ts';
import { type ChangedSpec, type MachineChanges, changeSpec } from './changes.ts';
import { type Definition, machineNames, readDefinition } from './definition.ts';
import { machineFiles } from './machine-files.ts';
import { lockMachine } from './machine-lock.ts';
import { sshEndpoint } from './forwards.ts';
import { readEarlierForwards } from './machine-network.ts';
import { type MachineSpec, checkMachineName, formatMachineSpec } from './machine-spec.ts';
import { readStatus } from './machine-status.ts';
import { placeMachine } from './staging.ts';
import { renameKnownHosts, sshFiles, writeSshConfig } from './ssh-files.ts';

/**
 * Changes a machine's definition under its lock, in one step.
 * @param change makes the new spec of the one that is there.
 */
export async function editMachine<T extends { readonly spec: MachineSpec }>(
  locations: Locations,
  name: string,
  verb: string,
  change: (definition: Definition) => T | Promise<T>,
): Promise<T> {
  const { files } = readDefinition(locations, name);
  await using scope = new Scope();
  await lockMachine(name, files, verb, scope);
  const definition = readDefinition(locations, name);
  const changed = await change(definition);
  replaceFile(files.spec, formatMachineSpec(changed.spec));
  return changed;
}

/**
 * Changes what a machine is. One that runs has most of it with its next start; the differences say which.
 * @throws InvalidInputError, MachineBusyError, MachineNotFoundError
 */
export async function setMachine(
  locations: Locations,
  name: string,
  changes: MachineChanges,
): Promise<ChangedSpec> {
  return editMachine(locations, name, 'changing it', ({ spec, files }) => {
    const changed = changeSpec(spec, changes);
    if (readStatus(files).kind === 'saved') refuseOtherHardware(changed);
    const endpoint = sshEndpoint(readEarlierForwards(files.plan));
    if (changed.spec.sshUser !== spec.sshUser && endpoint) writeSshConfig(changed.spec, files.ssh, endpoint);
    return changed;
  });
}

/** Saved memory fits the hardware that it was saved from. */
function refuseOtherHardware({ spec, differences }: ChangedSpec): void {
  const other = differences.filter(({ takesEffect }) => takesEffect === 'next start');
  if (other.length === 0) return;
  const fields = other.map(({ field }) => field).join(', ');
  throw new MachineStateError(spec.name, 'saved', `is saved, and its memory does not fit another ${fields}`, {
    hint: `start it and stop it first, or forget the memory: vmlet start --discard-saved ${spec.name}`,
  });
}

/**
 * Gives a machine that does not run another name. Its guest hears of it when it asks; what it has written does not
 * change.
 * @throws MachineStateError when it runs, MachineExistsError, MachineBusyError, InvalidInputError
 */
export async function renameMachine(locations: Locations, name: string, newName: string): Promise<void> {
  checkMachineName(newName);
  const { files } = readDefinition(locations, name);
  await using scope = new Scope();
  await lockMachine(name, files, 'renaming it', scope);
  const { spec } = readDefinition(locations, name);
  requireStopped({ spec, files }, 'renamed');
  if (machineNames(locations).includes(newName)) throw new MachineExistsError(newName);
  const renamed = machineFiles(locations, newName, spec.id);
  // The directory's name is the machine's: this one step is the whole renaming, and what follows only repeats it.
  placeMachine(files.directory, locations, newName);
  replaceFile(renamed.spec, formatMachineSpec({ ...spec, name: newName }));
  rmSync(sshFiles(renamed.ssh).config, { force: true });
  renameKnownHosts(newName, renamed.ssh);
}

/** @throws MachineStateError */
export function requireStopped({ spec, files }: Definition, done: string): void {
  const status = readStatus(files);
  if (status.kind !== 'running') return;
  throw new MachineStateError(spec.name, status.state, `runs, and can be ${done} only while it does not`, {
    hint: `stop it first: vmlet stop ${spec.name}`,
  });
}
