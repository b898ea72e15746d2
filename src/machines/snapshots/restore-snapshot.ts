import { InvalidInputError, MachineStateError } from '../../errors/index.ts';
import { restoreDisks } from '../../machine/state/disks-snapshot.ts';
import { hardwareDifferences, hardwareOf } from '../../machine/qemu/hardware.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { type SnapshotNodes, loadLiveSnapshot } from '../../machine/state/memory-snapshot.ts';
import type { NamedPlan } from '../../machine/plan/named-plan.ts';
import type { Limits } from '../../util/time/deadline.ts';
import { type Definition, readDefinition } from '../record/definition.ts';
import { withLockedMachine } from '../lock/edit.ts';
import { beginRestore, endRestore, settleRestore } from '../lock/interrupted-restore.ts';
import { readStatus } from '../record/machine-status.ts';
import { withMonitor } from '../channel/monitor.ts';
import { type SnapshotMemory, findMemory } from '../record/snapshot-record.ts';
import {
  type ListedSnapshot,
  type SnapshotOptions,
  listMachineSnapshots,
  nodesOf,
  pathsOf,
  refuseSavedSnapshots,
  runningHardware,
} from './snapshots.ts';
import { startMachine } from '../run/start.ts';

/**
 * Makes a machine what it was: with memory it runs on from there, started where it does not run; without, its disks are
 * what they were, and it does not run. What was written since is lost.
 * @param options `disksOnly` leaves out the memory that belongs to the snapshot.
 * @throws InvalidInputError for a snapshot that is not there or not of all its disks; MachineStateError when it is
 *   saved, when the memory is of other hardware, and for one without memory when it runs; MachineBusyError,
 *   LaunchError, QmpJobError, or the signal's reason.
 */
export async function restoreMachineSnapshot(
  locations: Locations,
  machine: string,
  name: string,
  { disksOnly = false, signal }: SnapshotOptions = {},
): Promise<void> {
  const isStarted = await withLockedMachine(
    locations,
    machine,
    'restoring a snapshot of it',
    async (definition) => {
      refuseSavedSnapshots(definition);
      const status = readStatus(definition.files);
      const runs = status.kind === 'running';
      if (!runs) await settleRestore(definition);
      const { memoryBytes } = await requireWhole(definition, name, signal);
      const withMemory = memoryBytes > 0 && !disksOnly;
      if (runs && !withMemory) throw disksInUse(machine, status.state, name);
      if (runs) await loadIntoRunning(definition, name, signal);
      else if (!withMemory) await restoreStoppedDisks(definition, name, signal);
      return runs || !withMemory;
    },
  );
  if (isStarted) return;
  const definition = readDefinition(locations, machine);
  const memory = requireMemory(definition, name);
  const { machineType, rootPorts } = memory;
  await startMachine(locations, machine, signal ? { signal } : {}, {
    kept: { kind: 'snapshot', machineType, rootPorts },
    check: (plan) => requireSameHardware(definition, memory, plan),
    load: async (started, letRun, limits) => {
      const nodes = nodesOf(await runningHardware(started, limits.signal));
      await load(started, { nodes, memory, letRun }, limits);
    },
  });
}

async function requireWhole(
  definition: Definition,
  name: string,
  signal: AbortSignal | undefined,
): Promise<ListedSnapshot> {
  const found = (await listMachineSnapshots(definition, { signal })).find((one) => one.name === name);
  if (!found) {
    throw new InvalidInputError(
      'snapshot',
      `${definition.spec.name} has no snapshot ${JSON.stringify(name)}`,
    );
  }
  if (found.missingOn.length === 0) return found;
  const { missingOn } = found;
  throw new InvalidInputError(
    'snapshot',
    `${missingOn.join(', ')} of ${definition.spec.name} has no snapshot ${name}`,
    {
      hint: `a disk that was added since has to be taken away for it: vmlet disk rm ${definition.spec.name} ${missingOn[0] ?? ''}`,
    },
  );
}

function disksInUse(machine: string, state: string, name: string): MachineStateError {
  return new MachineStateError(
    machine,
    state,
    `runs, and its disks alone cannot be made what they were at ${name}`,
    {
      hint: `stop it first: vmlet stop ${machine}`,
    },
  );
}

async function restoreStoppedDisks(
  definition: Definition,
  snapshot: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const disks = pathsOf(definition);
  beginRestore(definition, { snapshot, by: 'qemu-img', disks });
  // A failure leaves them as they were, or says why that was not possible; then they are settled another time.
  await restoreDisks(disks, snapshot, { signal }).catch(async (error: unknown) => {
    await settleRestore(definition);
    throw error;
  });
  endRestore(definition);
}

async function loadIntoRunning(
  definition: Definition,
  name: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const memory = requireMemory(definition, name);
  const running = await runningHardware(definition, signal);
  requireSameHardware(definition, memory, running);
  await load(definition, { nodes: nodesOf(running), memory, letRun: true }, { signal });
}

interface Load {
  readonly nodes: SnapshotNodes;
  readonly memory: SnapshotMemory;
  readonly letRun: boolean;
}

/** What fails half-way leaves the machine paused, and the note by which it is known not to be whole. */
async function load(
  definition: Definition,
  { nodes, memory, letRun }: Load,
  { signal }: Pick<Limits, 'signal'>,
): Promise<void> {
  await withMonitor(
    definition,
    async (qmp) => {
      const { running } = await qmp.execute('query-status');
      if (running) await qmp.execute('stop');
      const goOn = async (): Promise<void> => {
        endRestore(definition);
        if (running) await qmp.execute('cont');
      };
      try {
        beginRestore(definition, { snapshot: memory.snapshot, by: 'qemu', disks: pathsOf(definition) });
      } catch (error) {
        await goOn();
        throw error;
      }
      try {
        await loadLiveSnapshot(qmp, nodes, memory.snapshot);
      } catch (error) {
        // Nothing was changed yet.
        if (error instanceof InvalidInputError) await goOn();
        throw error;
      }
      endRestore(definition);
      if (memory.wasRunning && letRun) await qmp.execute('cont');
    },
    { long: true, signal },
  );
}

function requireMemory(definition: Definition, name: string): SnapshotMemory {
  const memory = findMemory(definition, name);
  if (memory) return memory;
  const { name: machine } = definition.spec;
  throw new MachineStateError(
    machine,
    readStatus(definition.files).kind,
    `does not know what it was at ${name}: its memory may be of another machine, as that of a clone’s origin`,
    { hint: disksAlone(machine, name) },
  );
}

function requireSameHardware(definition: Definition, memory: SnapshotMemory, now: NamedPlan): void {
  const differences = hardwareDifferences(memory.hardware, hardwareOf(now));
  if (differences.length === 0) return;
  const { name: machine } = definition.spec;
  throw new MachineStateError(
    machine,
    readStatus(definition.files).kind,
    `was another machine at ${memory.snapshot}, and its memory does not fit (${differences.join('; ')})`,
    { hint: `make it what it was, or restore the disks alone: ${disksAlone(machine, memory.snapshot)}` },
  );
}

function disksAlone(machine: string, name: string): string {
  return `vmlet snapshot restore --disks-only ${machine} ${name}`;
}
