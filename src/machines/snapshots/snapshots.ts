import { MachineStateError } from '../../errors/index.ts';
import { FIRMWARE_VARS_NODE } from '../../machine/qemu/firmware-arguments.ts';
import { hardwareOf, queryMachineType } from '../../machine/qemu/hardware.ts';
import { listSnapshots } from '../../images/qemu-img/disk-snapshot.ts';
import { removeSnapshots, snapshotDisks } from '../../machine/state/disks-snapshot.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { BEFORE_RESTORE, disksInSnapshots, requireFreeName } from '../../machine/state/machine-snapshot.ts';
import {
  type SnapshotNodes,
  removeLiveSnapshot,
  saveLiveSnapshot,
  snapshotsOfNodes,
  snapshotLiveDisks,
} from '../../machine/state/memory-snapshot.ts';
import type { NamedPlan } from '../../machine/plan/named-plan.ts';
import type { QmpClient } from '../../qmp/index.ts';
import type { Limits } from '../../util/time/deadline.ts';
import type { Definition } from '../record/definition.ts';
import { withLockedMachine } from '../lock/edit.ts';
import { settleRestore } from '../lock/interrupted-restore.ts';
import { beginSnapshot, endSnapshot, settleSnapshot } from '../lock/interrupted-snapshot.ts';
import { portsOf } from '../disks/live-disks.ts';
import { diskPath, planDisk } from '../plan/machine-plan.ts';
import { readPlan } from '../record/machine-plan-file.ts';
import { readStatus } from '../record/machine-status.ts';
import { withMonitor } from '../channel/monitor.ts';
import { forgetMemory, recordMemory } from '../record/snapshot-record.ts';

type Abortable = Pick<Limits, 'signal'>;

export interface ListedSnapshot {
  readonly name: string;
  readonly createdAt: Date;
  /** Bytes of memory and devices that belong to it; 0 for the disks alone. */
  readonly memoryBytes: number;
  /** The disks that were added since, or were not writable then: while there are some, it cannot be restored. */
  readonly missingOn: readonly string[];
}

/** A machine's snapshots, the oldest first. */
export async function listMachineSnapshots(
  { spec, files }: Definition,
  { signal }: Abortable = {},
): Promise<readonly ListedSnapshot[]> {
  const places = placesOf({ spec, files });
  const disks = await Promise.all(
    places.map(async ({ node, path }) => ({ node, snapshots: await listSnapshots({ path, signal }) })),
  );
  const all = disks.flatMap(({ snapshots }) => snapshots).filter(({ name }) => name !== BEFORE_RESTORE);
  return [...new Set(all.map(({ name }) => name))]
    .map((name) => {
      const parts = all.filter((one) => one.name === name);
      return {
        name,
        createdAt: new Date(Math.min(...parts.map(({ createdAt }) => createdAt.getTime()))),
        memoryBytes: Math.max(...parts.map(({ stateBytes }) => stateBytes)),
        missingOn: disks
          .filter(({ snapshots }) => !snapshots.some((one) => one.name === name))
          .map(({ node }) => node),
      };
    })
    .sort((one, other) => one.createdAt.getTime() - other.createdAt.getTime());
}

export interface SnapshotOptions extends Abortable {
  /** Without the memory of a machine that runs: its disks are then as after a power cut; false by default. */
  readonly disksOnly?: boolean | undefined;
}

/**
 * Keeps what a machine is at this moment: its disks and UEFI variables, and where it runs its memory. All or nothing.
 * While QEMU writes the memory the guest stands still. A TPM's state is not on a disk, and is kept with memory only.
 * @param name at most 255 bytes that are not only digits.
 * @throws InvalidInputError for a name that is taken, and for a machine with a raw disk; MachineStateError when it is
 *   saved; MachineBusyError, NoSpaceError, QmpJobError, or the signal's reason.
 */
export async function createMachineSnapshot(
  locations: Locations,
  machine: string,
  name: string,
  { disksOnly = false, signal }: SnapshotOptions = {},
): Promise<void> {
  await withLockedMachine(locations, machine, 'taking a snapshot of it', async (definition) => {
    refuseSavedSnapshots(definition);
    const { files } = definition;
    if (readStatus(files).kind !== 'running') {
      await settleRestore(definition);
      await settleSnapshot(definition);
      await makeStopped(definition, name, signal);
      return;
    }
    const running = await runningHardware(definition, signal);
    const nodes = nodesOf(running);
    const work = async (qmp: QmpClient): Promise<void> => {
      requireFreeName(await snapshotsOfNodes(qmp, nodes), name);
      beginSnapshot(definition, { snapshot: name, disks: pathsOf(definition) });
      await (disksOnly
        ? snapshotLiveDisks(qmp, nodes, name)
        : saveWithMemory(definition, qmp, { nodes, name, running, signal }));
    };
    await withMonitor(definition, work, { long: true, signal });
    endSnapshot(definition);
  });
}

async function makeStopped(
  definition: Definition,
  name: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const disks = pathsOf(definition);
  const onBegin = (): void => beginSnapshot(definition, { snapshot: name, disks });
  // When it fails and cannot be undone, that is settled another time.
  await snapshotDisks(disks, name, { signal, onBegin });
  endSnapshot(definition);
}

/**
 * Removes snapshots. One that was removed from some of the disks only, as by a caller that was killed, is removed from
 * the others.
 * @throws InvalidInputError for one that is not there, MachineBusyError, ImageLockedError, QmpJobError
 */
export async function removeMachineSnapshots(
  locations: Locations,
  machine: string,
  names: readonly string[],
  { signal }: Abortable = {},
): Promise<void> {
  await withLockedMachine(locations, machine, 'removing a snapshot of it', async (definition) => {
    const { files } = definition;
    const runs = readStatus(files).kind === 'running';
    if (!runs) {
      await settleRestore(definition);
      await settleSnapshot(definition);
    }
    for (const name of names) {
      if (runs) {
        const nodes = nodesOf(await runningHardware(definition, signal));
        await withMonitor(definition, async (qmp) => removeLiveSnapshot(qmp, nodes, name), {
          long: true,
          signal,
        });
      } else {
        await removeSnapshots(pathsOf(definition), name, { signal });
      }
      forgetMemory(definition, name);
    }
  });
}

/** @throws MachineStateError */
export function refuseSavedSnapshots({ spec, files }: Definition): void {
  if (readStatus(files).kind !== 'saved') return;
  throw new MachineStateError(spec.name, 'saved', 'is saved, and its disks are those of a system that runs', {
    hint: `go on with it first (vmlet start ${spec.name}), or forget its memory: vmlet start --discard-saved ${spec.name}`,
  });
}

/** The plan of what a machine has just now: disks may have come and gone since its start. */
export async function runningHardware(
  definition: Definition,
  signal: AbortSignal | undefined,
): Promise<NamedPlan> {
  const { spec, files } = definition;
  const ports = await portsOf(definition, signal);
  const disks = spec.disks.flatMap((disk) => {
    const bus = ports.get(disk.name);
    return bus === undefined ? [] : [{ ...planDisk(disk, 0, files), bus }];
  });
  return { ...readPlan(files), disks };
}

/** The block nodes that snapshots of a machine that runs are made of. @throws InvalidInputError */
export function nodesOf({ disks, firmware }: NamedPlan): SnapshotNodes {
  const [first, ...others] = disksInSnapshots(disks);
  const names = others.map(({ nodeName }) => nodeName);
  return [first.nodeName, ...names, ...(firmware ? [FIRMWARE_VARS_NODE] : [])];
}

/** The files that snapshots of a machine that does not run are made of. @throws InvalidInputError */
export function pathsOf({ spec, files }: Definition): string[] {
  const disks = disksInSnapshots(spec.disks.map((disk) => ({ ...disk, path: diskPath(disk, files) })));
  return [...disks.map(({ path }) => path), ...(spec.firmware.kind === 'bios' ? [] : [files.nvram])];
}

/** Where there can be snapshots, for whoever only looks. */
function placesOf({ spec, files }: Definition): { readonly node: string; readonly path: string }[] {
  const disks = spec.disks.filter(({ format, readOnly }) => format === 'qcow2' && !readOnly);
  return [
    ...disks.map((disk) => ({ node: disk.name, path: diskPath(disk, files) })),
    ...(spec.firmware.kind === 'bios' ? [] : [{ node: FIRMWARE_VARS_NODE, path: files.nvram }]),
  ];
}

interface SaveWithMemory extends Abortable {
  readonly nodes: SnapshotNodes;
  readonly name: string;
  readonly running: NamedPlan;
}

async function saveWithMemory(
  definition: Definition,
  qmp: QmpClient,
  { nodes, name, running, signal }: SaveWithMemory,
): Promise<void> {
  const status = await qmp.execute('query-status');
  // Before: QEMU goes on with it when we are killed.
  recordMemory(definition, {
    snapshot: name,
    wasRunning: status.running,
    machineType: await queryMachineType(qmp),
    rootPorts: [...running.rootPorts],
    hardware: hardwareOf(running),
  });
  await saveLiveSnapshot(qmp, nodes, name, { signal });
}
