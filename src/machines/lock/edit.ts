import { MachineExistsError, MachineStateError } from '../../errors/index.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { checkHostMemory } from '../../machine/plan/host-memory.ts';
import { findBridge } from '../../network/bridge/bridge.ts';
import { replaceFile } from '../../util/files/atomic-file.ts';
import { Scope } from '../../util/scope.ts';
import { type ChangedSpec, type MachineChanges, changeSpec } from '../spec/changes.ts';
import { type Definition, machineNames, readDefinition } from '../record/definition.ts';
import { settleRestore } from './interrupted-restore.ts';
import { settleSnapshot } from './interrupted-snapshot.ts';
import { machineFiles } from '../record/machine-files.ts';
import { lockMachine } from './machine-lock.ts';
import { sshEndpoint } from '../spec/forwards.ts';
import { readEarlierForwards } from '../plan/machine-network.ts';
import { type MachineSpec, checkMachineName, formatMachineSpec } from '../spec/machine-spec.ts';
import { readStatus } from '../record/machine-status.ts';
import { placeMachine } from '../record/staging.ts';
import { renameKnownHosts, sshFiles, writeSshConfig } from '../ssh/ssh-files.ts';
import { removeFile } from '../../util/files/removal.ts';

/** Does something with a machine, as the only one who changes it. @throws MachineBusyError, MachineNotFoundError */
export async function withLockedMachine<T>(
  locations: Locations,
  name: string,
  verb: string,
  work: (definition: Definition) => T | Promise<T>,
): Promise<T> {
  const { files } = readDefinition(locations, name);
  await using scope = new Scope();
  await lockMachine(name, files, verb, scope);
  return await work(readDefinition(locations, name));
}

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
  return withLockedMachine(locations, name, verb, async (definition) => {
    const changed = await change(definition);
    writeSpec(definition, changed.spec);
    return changed;
  });
}

/** From here on the machine is what `spec` says; the caller holds its lock. */
export function writeSpec({ files }: Pick<Definition, 'files'>, spec: MachineSpec): void {
  replaceFile(files.spec, formatMachineSpec(spec));
}

/**
 * Changes what a machine is. One that runs has most of it with its next start; the differences say which.
 * @throws InvalidInputError, MachineBusyError, MachineNotFoundError, and what `findBridge` throws of another bridge
 */
export async function setMachine(
  locations: Locations,
  name: string,
  changes: MachineChanges,
): Promise<ChangedSpec> {
  return editMachine(locations, name, 'changing it', async (definition) => {
    const { spec, files } = definition;
    const changed = changeSpec(spec, changes);
    const { bridge, memoryBytes } = changed.spec;
    if (changes.memory !== undefined) checkHostMemory(memoryBytes);
    if (changes.net !== undefined && bridge !== undefined) await findBridge(bridge);
    refuseOtherHardware(changed, definition);
    const endpoint = sshEndpoint(readEarlierForwards(files));
    if (changed.spec.sshUser !== spec.sshUser && endpoint) writeSshConfig(changed.spec, files.ssh, endpoint);
    return changed;
  });
}

function refuseOtherHardware({ spec, differences }: ChangedSpec, definition: Definition): void {
  const other = differences.filter(({ takesEffect }) => takesEffect === 'next start');
  if (other.length > 0) refuseSaved({ ...definition, spec }, other.map(({ field }) => field).join(', '));
}

/** Saved memory fits the hardware that it was saved from. @throws MachineStateError */
export function refuseSaved({ spec, files }: Definition, other: string): void {
  if (readStatus(files).kind !== 'saved') return;
  throw new MachineStateError(spec.name, 'saved', `is saved, and its memory does not fit another ${other}`, {
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
  // What is to be done about its disks names them by their paths.
  await settleRestore({ spec, files });
  await settleSnapshot({ spec, files });
  if (machineNames(locations).includes(newName)) throw new MachineExistsError(newName);
  const renamed = machineFiles(locations, newName, spec.id);
  // The directory's name is the machine's: this one step is the whole renaming, and what follows only repeats it.
  placeMachine(files.directory, locations, newName);
  replaceFile(renamed.spec, formatMachineSpec({ ...spec, name: newName }));
  removeFile(sshFiles(renamed.ssh).config);
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
