import { existsSync, renameSync } from 'node:fs';
import { MachineStateError } from '../../errors/index.ts';
import { tellNetworks } from '../../machine/network/tell-members.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { checkHostMemory } from '../../machine/plan/host-memory.ts';
import { copySeedDisk } from '../../machine/plan/seed-disk.ts';
import { forgetInPartitions, withNetworksLock } from '../../network/private/network-shelf.ts';
import { replaceFile } from '../../util/files/atomic-file.ts';
import { Scope } from '../../util/scope.ts';
import { type ChangedSpec, type MachineChanges, changeSpec } from '../spec/changed-spec.ts';
import { type Definition, readDefinition } from '../record/definition.ts';
import { joinNetworks, publishNetworks } from '../../network/private/members.ts';
import { refuseTakenOnBridge } from '../plan/bridge-members.ts';
import { networksOf } from '../record/network-members.ts';
import { lockMachine } from './machine-lock.ts';
import { bridgeCards } from '../spec/bridge-cards.ts';
import { sshEndpoint } from '../spec/forwards.ts';
import { checkMemoryOfMicro } from '../plan/boot-files.ts';
import { findBridges, mtusOnBridges } from '../plan/bridges.ts';
import { readEarlierForwards } from '../plan/machine-network.ts';
import { type MachineSpec, formatMachineSpec } from '../spec/machine-spec.ts';
import { isPaused, readStatus } from '../record/machine-status.ts';
import { sshFiles, updateSshNames, writeSshConfig } from '../ssh/ssh-files.ts';
import { removeFile } from '../../util/files/removal.ts';

/** Runs `work` while holding the machine's lock. @throws MachineBusyError, MachineNotFoundError */
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
 * Changes a machine's definition atomically, under its lock.
 * @param change returns the new spec.
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

/** Writes a machine's definition, and its names for ssh; the caller holds its lock. */
export function writeSpec({ files }: Pick<Definition, 'files'>, spec: MachineSpec): void {
  // First: when it fails, the definition has not changed.
  updateSshNames(spec, files.ssh);
  replaceFile(files.spec, formatMachineSpec(spec));
}

/**
 * Changes a machine's settings. For a running machine most take effect at its next start; the differences say which.
 * @throws InvalidInputError, MachineBusyError, MachineNotFoundError, and what `findBridge` throws for a new bridge
 */
export async function setMachine(
  locations: Locations,
  name: string,
  changes: MachineChanges,
): Promise<ChangedSpec> {
  if (changes.networks === undefined) return changeMachine(locations, name, changes);
  const { changed, networks } = await withNetworksLock(locations.networks, {}, async () => {
    const before = networksOf(readDefinition(locations, name).spec);
    const changed = await changeMachine(locations, name, changes);
    const after = networksOf(changed.spec);
    const left = before.filter((network) => !after.includes(network));
    forgetInPartitions(locations.networks, left, name);
    const networks = [...before, ...after];
    await publishNetworks(locations, networks);
    return { changed, networks };
  });
  await tellNetworks(locations, networks, undefined);
  return changed;
}

async function changeMachine(
  locations: Locations,
  name: string,
  changes: MachineChanges,
): Promise<ChangedSpec> {
  return editMachine(locations, name, 'changing it', async (definition) => {
    const { spec, files } = definition;
    const changed = changeSpec(spec, changes, (wanted) =>
      joinNetworks(locations, name, wanted, spec.networks),
    );
    // The guest keeps its addresses until its next start; meanwhile another machine could get them.
    const isMoved = JSON.stringify(changed.spec.networks ?? []) !== JSON.stringify(spec.networks ?? []);
    if (isMoved) {
      requireStopped(
        definition,
        'moved to other networks',
        `stop it first: vmlet stop ${spec.name}; or use vmlet network connect and vmlet network disconnect, which also work on a running machine`,
      );
    }
    if (changes.memory !== undefined) {
      checkHostMemory(changed.spec.memoryBytes);
      await checkMemoryOfMicro(changed.spec, locations);
    }
    const givesCard = changes.net !== undefined || changes.networks !== undefined;
    if (givesCard) mtusOnBridges(await findBridges(bridgeCards(changed.spec)));
    if (changes.mac !== undefined || givesCard) refuseTakenOnBridge(locations, changed.spec);
    refuseOtherHardware(changed, definition);
    await moveSeed(definition, changed.spec);
    // A machine is known to ssh from its first start.
    if (changed.spec.sshUser !== spec.sshUser && existsSync(sshFiles(files.ssh).config)) {
      writeSshConfig({ spec: changed.spec, files }, sshEndpoint(readEarlierForwards(files)));
    }
    return changed;
  });
}

/**
 * Gives the seed the new address of the first card, by which the guest configures it. If the change is interrupted after
 * this, it can be repeated.
 */
async function moveSeed(
  { spec: { mac: macAddress }, files }: Definition,
  { mac }: MachineSpec,
): Promise<void> {
  if (mac === macAddress || !existsSync(files.seed)) return;
  const changed = `${files.seed}.new`;
  // An earlier change was interrupted.
  removeFile(changed);
  await copySeedDisk({ path: files.seed, macAddress }, { path: changed, macAddress: mac });
  renameSync(changed, files.seed);
}

/** Names of settings in messages, where they differ from those of the record. */
const IN_WORDS: Readonly<Record<string, string>> = { memoryBytes: 'memory size', mac: 'MAC address' };

function refuseOtherHardware({ spec, differences }: ChangedSpec, definition: Definition): void {
  const other = differences.filter(({ takesEffect }) => takesEffect === 'next start');
  if (other.length > 0)
    refuseSaved({ ...definition, spec }, other.map(({ field }) => IN_WORDS[field] ?? field).join(', '));
}

/** Rejects a change of hardware while memory is saved, since the memory fits only the same hardware. @throws MachineStateError */
export function refuseSaved({ spec, files }: Definition, other: string): void {
  if (readStatus(files).kind !== 'saved') return;
  throw new MachineStateError(spec.name, 'saved', `has saved memory, so its ${other} cannot be changed`, {
    hint: `resume and stop the machine first: vmlet start ${spec.name} && vmlet stop ${spec.name}; or discard its saved memory: vmlet start --discard-saved ${spec.name}`,
  });
}

/** @throws MachineStateError */
export function requireStopped(
  { spec, files }: Definition,
  done: string,
  hint = `stop it first: vmlet stop ${spec.name}`,
): void {
  const status = readStatus(files);
  if (status.kind !== 'running') return;
  const state = isPaused(status) ? 'paused' : 'running';
  throw new MachineStateError(spec.name, status.state, `is ${state} and cannot be ${done}`, {
    hint,
  });
}
