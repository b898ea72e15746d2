import { InvalidInputError, MachineStateError, QmpJobError } from '../../errors/index.ts';
import { tellMissed } from '../../machine/network/tell-members.ts';
import { restoreDisks } from '../../machine/state/disks-snapshot.ts';
import { FIRMWARE_VARS_NODE } from '../../machine/qemu/firmware-arguments.ts';
import { BRIDGE_MTU, MOUNTS, hardwareDifferences, hardwareOf } from '../../machine/qemu/hardware.ts';
import { quoteForShell } from '../../machine/qemu/quote.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { type SnapshotNodes, loadLiveSnapshot } from '../../machine/state/memory-snapshot.ts';
import type { NamedPlan } from '../../machine/plan/named-plan.ts';
import type { Limits } from '../../util/time/deadline.ts';
import { type Definition, readDefinition } from '../record/definition.ts';
import { withLockedMachine } from '../lock/edit.ts';
import { beginRestore, endRestore, settleRestore } from '../recovery/interrupted-restore.ts';
import { readStatus } from '../record/machine-status.ts';
import { withMonitor } from '../channel/monitor.ts';
import { type SnapshotMemory, findMemory, readLineage, recordCurrent } from '../record/snapshot-record.ts';
import { keepIdentity, takeIdentityOf } from './snapshot-identity.ts';
import { nodesOf, pathsOf, refuseReadOnlyParts, runningHardware } from './snapshot-disks.ts';
import {
  type ListedSnapshot,
  type SnapshotOptions,
  listMachineSnapshots,
  refuseSavedSnapshots,
} from './snapshots.ts';
import { startMachine } from '../run/start/start.ts';

/**
 * Restores a snapshot. With memory, the machine resumes from there, and is started if necessary. Without memory, its disks
 * are restored, and it must be stopped. Later changes are lost.
 * @param options `disksOnly` ignores the snapshot's memory.
 * @throws InvalidInputError for an unknown or incomplete snapshot; MachineStateError when the machine is saved, when its
 *   hardware differs from that of the memory, or when it is running and has a command, or the snapshot has no memory;
 *   MachineBusyError, LaunchError, QmpJobError, or the signal's reason.
 */
export async function restoreMachineSnapshot(
  locations: Locations,
  machine: string,
  name: string,
  { disksOnly = false, signal }: SnapshotOptions = {},
): Promise<void> {
  const { isDone, createdAt } = await withLockedMachine(
    locations,
    machine,
    'restoring a snapshot',
    async (definition) => {
      refuseSavedSnapshots(definition);
      const status = readStatus(definition.files);
      const runs = status.kind === 'running';
      if (runs) refuseCommand(definition, { state: status.state, snapshot: name, disksOnly });
      else await settleRestore(definition);
      const { memoryBytes, createdAt } = await requireWhole(definition, name, signal);
      const withMemory = memoryBytes > 0 && !disksOnly;
      if (runs && !withMemory) throw disksInUse(machine, status.state, name);
      if (runs) await loadIntoRunning(definition, { name, createdAt }, signal);
      else if (!withMemory) await restoreStoppedDisks(definition, { name, createdAt }, signal);
      return { isDone: runs || !withMemory, createdAt };
    },
  );
  if (isDone) {
    await tellMissed(locations, machine, signal);
    return;
  }
  const definition = readDefinition(locations, machine);
  const memory = requireMemory(definition, name);
  const { machineType, rootPorts, bridgeMtus } = memory;
  await startMachine(locations, machine, signal ? { signal } : {}, {
    kept: { kind: 'snapshot', machineType, rootPorts, bridgeMtus },
    check: (plan) => requireSameHardware(definition, memory, plan),
    load: async (started, letRun, limits) => {
      const nodes = nodesOf(await runningHardware(started, limits.signal));
      await load(started, { nodes, memory, createdAt, letRun }, limits);
    },
  });
}

interface RunningRestore {
  readonly state: string;
  readonly snapshot: string;
  readonly disksOnly: boolean;
}

/** Loaded memory ends the session with the guest's agent, in which the keeper waits for the command. @throws MachineStateError */
function refuseCommand({ spec }: Definition, { state, snapshot, disksOnly }: RunningRestore): void {
  const { name: machine, command } = spec;
  if (!command) return;
  const flag = disksOnly ? '--disks-only ' : '';
  throw new MachineStateError(
    machine,
    state,
    'runs a command, so no snapshot can be restored before the machine stops',
    {
      // A stop would remove it.
      hint: command.remove
        ? 'it was created with --rm, which removes it as soon as it ends; machines of vmlet run -d without --rm can be stopped first'
        : `stop it first: vmlet stop ${machine} && vmlet snapshot restore ${flag}${machine} ${quoteForShell(snapshot)}`,
    },
  );
}

async function requireWhole(
  definition: Definition,
  name: string,
  signal: AbortSignal | undefined,
): Promise<ListedSnapshot> {
  const found = (await listMachineSnapshots(definition, { signal })).find((one) => one.name === name);
  if (!found)
    throw new InvalidInputError('snapshot', `no such snapshot: ${JSON.stringify(name)}`, {
      hint: `list snapshots with: vmlet snapshot ls ${definition.spec.name}`,
    });
  if (found.missingOn.length === 0) return found;
  throw incomplete(definition.spec.name, found);
}

/** A disk without the snapshot was added later, or an interrupted removal of the snapshot has left the others. */
function incomplete(machine: string, { name, missingOn }: ListedSnapshot): InvalidInputError {
  const missing = missingOn.map((node) => (node === FIRMWARE_VARS_NODE ? 'the UEFI variables' : node));
  const [disk] = missingOn.filter((node) => node !== FIRMWARE_VARS_NODE);
  const remove = `remove the incomplete snapshot: vmlet snapshot rm ${machine} ${quoteForShell(name)}`;
  return new InvalidInputError(
    'snapshot',
    `snapshot "${name}" of machine "${machine}" does not include: ${missing.join(', ')}`,
    {
      hint:
        disk === undefined
          ? remove
          : `remove the disks that were added after the snapshot: vmlet disk rm ${machine} ${disk}; if no disk was added, ${remove}`,
    },
  );
}

function disksInUse(machine: string, state: string, name: string): MachineStateError {
  return new MachineStateError(
    machine,
    state,
    `is running; the disks of snapshot "${name}" cannot be restored while the machine runs`,
    {
      hint: `stop it first: vmlet stop ${machine}`,
    },
  );
}

async function restoreStoppedDisks(
  definition: Definition,
  { name: snapshot, createdAt }: Pick<ListedSnapshot, 'name' | 'createdAt'>,
  signal: AbortSignal | undefined,
): Promise<void> {
  await refuseReadOnlyParts(definition, snapshot, signal);
  const disks = pathsOf(definition);
  const { current } = readLineage(definition);
  takeIdentityOf(definition, createdAt);
  try {
    beginRestore(definition, { snapshot, by: 'qemu-img', disks });
  } catch (error) {
    keepIdentity(definition, createdAt);
    throw error;
  }
  // On failure the disks are unchanged, or the error says why that was impossible; a later command repairs them.
  await restoreDisks(disks, snapshot, { signal }).catch(async (error: unknown) => {
    await settleRestore(definition);
    recordCurrent(definition, current);
    keepIdentity(definition, createdAt);
    throw error;
  });
  endRestore(definition);
  recordCurrent(definition, snapshot);
}

async function loadIntoRunning(
  definition: Definition,
  { name, createdAt }: Pick<ListedSnapshot, 'name' | 'createdAt'>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const memory = requireMemory(definition, name);
  const running = await runningHardware(definition, signal);
  requireSameHardware(definition, memory, running);
  await load(definition, { nodes: nodesOf(running), memory, createdAt, letRun: true }, { signal });
}

interface Load {
  readonly nodes: SnapshotNodes;
  readonly memory: SnapshotMemory;
  /** When the snapshot was taken. */
  readonly createdAt: Date;
  readonly letRun: boolean;
}

/** A partial failure leaves the machine paused, and a note that its state is incomplete. */
async function load(
  definition: Definition,
  { nodes, memory, createdAt, letRun }: Load,
  { signal }: Pick<Limits, 'signal'>,
): Promise<void> {
  await withMonitor(
    definition,
    async (qmp) => {
      const { running } = await qmp.execute('query-status');
      if (running) await qmp.execute('stop');
      const goOn = async (): Promise<void> => {
        endRestore(definition);
        // First: the record may fail on a full disk.
        if (running) await qmp.execute('cont');
        keepIdentity(definition, createdAt);
      };
      try {
        takeIdentityOf(definition, createdAt);
        beginRestore(definition, { snapshot: memory.snapshot, by: 'qemu', disks: pathsOf(definition) });
      } catch (error) {
        await goOn();
        throw error;
      }
      try {
        await loadLiveSnapshot(qmp, nodes, memory.snapshot);
      } catch (error) {
        // Nothing has changed yet.
        if (error instanceof InvalidInputError) await goOn();
        throw error instanceof QmpJobError ? notLoaded(definition.spec.name, memory.snapshot, error) : error;
      }
      endRestore(definition);
      recordCurrent(definition, memory.snapshot);
      if (memory.wasRunning && letRun) await qmp.execute('cont');
    },
    { long: true, signal },
  );
}

/** A start also ends a machine that is left paused. */
function notLoaded(machine: string, snapshot: string, cause: QmpJobError): QmpJobError {
  return new QmpJobError(`loading snapshot ${JSON.stringify(snapshot)}`, cause.jobId, cause.message, {
    hint: `only the disks were restored; to boot from the disks, run: vmlet start ${machine}; to see why the memory could not be loaded, run: vmlet logs --source qemu ${machine}`,
    cause,
  });
}

function requireMemory(definition: Definition, name: string): SnapshotMemory {
  const memory = findMemory(definition, name);
  if (memory) return memory;
  const { name: machine } = definition.spec;
  const { kind } = readStatus(definition.files);
  throw new MachineStateError(
    machine,
    kind,
    `cannot use the memory of snapshot "${name}", because vmlet does not know with which hardware the memory was saved`,
    { hint: `restore only the disks: ${disksAlone(machine, kind, name)}` },
  );
}

function requireSameHardware(definition: Definition, memory: SnapshotMemory, now: NamedPlan): void {
  const differences = hardwareDifferences(memory.hardware, hardwareOf(now));
  if (differences.length === 0) return;
  const { name: machine } = definition.spec;
  const { kind } = readStatus(definition.files);
  const areOf = (...parts: readonly string[]): boolean =>
    differences.every((text) => parts.some((part) => text.startsWith(`${part}:`)));
  const isOfStart = kind === 'running' && areOf(BRIDGE_MTU);
  const undo = areOf(...Object.values(MOUNTS))
    ? 'give the machine the directories and volumes that it had then (vmlet share add, vmlet share rm)'
    : 'change the hardware back';
  throw new MachineStateError(
    machine,
    kind,
    `cannot use the memory of snapshot "${memory.snapshot}", because the hardware of the machine has changed since the snapshot (${differences.join('; ')})`,
    {
      hint: isOfStart
        ? `stop the machine first: vmlet stop ${machine} && vmlet snapshot restore ${machine} ${quoteForShell(memory.snapshot)}`
        : `${undo}, or restore only the disks: ${disksAlone(machine, kind, memory.snapshot)}`,
    },
  );
}

/** Disks alone can be restored only while the machine is stopped. */
function disksAlone(machine: string, kind: string, name: string): string {
  const first = kind === 'running' ? `vmlet stop ${machine} && ` : '';
  return `${first}vmlet snapshot restore --disks-only ${machine} ${quoteForShell(name)}`;
}
