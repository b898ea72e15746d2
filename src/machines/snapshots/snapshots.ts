import { MachineStateError, VmletError } from '../../errors/index.ts';
import { tellMissed } from '../../machine/network/tell-members.ts';
import { bridgeMtus } from '../../machine/qemu/bridge-card.ts';
import { hardwareOf, queryMachineType } from '../../machine/qemu/hardware.ts';
import { quoteForShell } from '../../machine/qemu/quote.ts';
import { listSnapshots } from '../../images/qemu-img/disk-snapshot.ts';
import { removeSnapshots, snapshotDisks } from '../../machine/state/disks-snapshot.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { BEFORE_RESTORE, requireFreeName } from '../../machine/state/machine-snapshot.ts';
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
import { settleInterrupted } from '../recovery/interrupted-restore.ts';
import { beginSnapshot, endSnapshot } from '../recovery/interrupted-snapshot.ts';
import { readStatus } from '../record/machine-status.ts';
import { refuseMountsInMemory } from '../record/mount-memory.ts';
import { findVmletChannel } from '../channel/guest-channel.ts';
import { withMonitor } from '../channel/monitor.ts';
import { refuseRemovedAfterCommand } from '../spec/removed-after-command.ts';
import { ofExisting } from '../record/snapshot-lineage.ts';
import { forgetSnapshot, readLineage, recordMemory, recordTaken } from '../record/snapshot-record.ts';
import {
  nodesForRemoval,
  nodesOf,
  pathsForRemoval,
  pathsOf,
  placesOf,
  refuseReadOnlyParts,
  requireOnDisks,
  runningHardware,
} from './snapshot-disks.ts';

type Abortable = Pick<Limits, 'signal'>;

/** For a guest to write its caches. */
const SYNC_MS = 10_000;

/** A snapshot of a machine. */
export interface ListedSnapshot {
  readonly name: string;
  readonly createdAt: Date;
  /** Size of memory and device state in bytes; 0 for a snapshot of the disks only. */
  readonly memoryBytes: number;
  /** Disks that were added later, or were read-only then: while there are any, the snapshot cannot be restored. */
  readonly missingOn: readonly string[];
  /**
   * Name of the snapshot that the machine continued from when it took this one, or of that one's own parent once it was
   * removed; undefined for the first one, and when vmlet has not recorded it.
   */
  readonly parent: string | undefined;
  /** Whether the disks continue from it: it was taken or restored last. */
  readonly current: boolean;
}

/** Lists a machine's snapshots, oldest first. */
export async function listMachineSnapshots(
  { spec, files }: Definition,
  { signal }: Abortable = {},
): Promise<readonly ListedSnapshot[]> {
  const places = placesOf({ spec, files });
  const disks = await Promise.all(
    places.map(async ({ node, path }) => ({ node, snapshots: await listSnapshots({ path, signal }) })),
  );
  const all = disks.flatMap(({ snapshots }) => snapshots).filter(({ name }) => name !== BEFORE_RESTORE);
  const existing = new Set(all.map(({ name }) => name));
  const lineage = ofExisting(readLineage({ spec, files }), existing);
  return [...existing]
    .map((name) => {
      const parts = all.filter((one) => one.name === name);
      return {
        name,
        createdAt: new Date(Math.min(...parts.map(({ createdAt }) => createdAt.getTime()))),
        memoryBytes: Math.max(...parts.map(({ stateBytes }) => stateBytes)),
        missingOn: disks
          .filter(({ snapshots }) => !snapshots.some((one) => one.name === name))
          .map(({ node }) => node),
        parent: lineage.snapshots.find((one) => one.name === name)?.parent,
        current: lineage.current === name,
      };
    })
    .sort((one, other) => one.createdAt.getTime() - other.createdAt.getTime());
}

/** Options of taking or restoring a snapshot. */
export interface SnapshotOptions extends Abortable {
  /**
   * Leave out the memory of a running machine; false by default. vmlet's agent writes the guest's caches to the disks before;
   * without it, the disks are as after a power loss.
   */
  readonly disksOnly?: boolean | undefined;
}

/**
 * Takes a snapshot of a machine's disks and UEFI variables, and of its memory if it is running. All or nothing. The guest
 * is paused while QEMU writes the memory, and vmlet's agent then sets its clock. The state of a TPM is included only with the memory.
 * @param name at most 255 bytes, not only digits.
 * @throws InvalidInputError for a name that is taken, or a machine with a raw disk or one that is removed after its command;
 *   MachineStateError when it is saved; MachineBusyError, NoSpaceError, QmpJobError, or the signal's reason.
 */
export async function createMachineSnapshot(
  locations: Locations,
  machine: string,
  name: string,
  { disksOnly = false, signal }: SnapshotOptions = {},
): Promise<void> {
  let pausesGuest = false as boolean;
  const take = async (definition: Definition): Promise<void> => {
    refuseSavedSnapshots(definition);
    refuseRemovedAfterCommand(
      definition.spec,
      'have snapshots',
      'machines of vmlet run -d without --rm can have snapshots',
    );
    await refuseReadOnlyParts(definition, name, signal);
    const { files } = definition;
    if (readStatus(files).kind !== 'running') {
      await settleInterrupted(definition);
      await makeStopped(definition, name, signal);
      return;
    }
    if (!disksOnly) {
      const hint = `stop the machine first, or leave out the memory: vmlet snapshot create ${machine} ${quoteForShell(name)} --disks-only`;
      refuseMountsInMemory(definition, 'snapshot', hint);
    }
    if (disksOnly) await writeGuestCaches(definition, signal);
    const running = await runningHardware(definition, signal);
    const nodes = nodesOf(running);
    const work = async (qmp: QmpClient): Promise<void> => {
      requireFreeName(await snapshotsOfNodes(qmp, nodes), name);
      begin(definition, name);
      pausesGuest = !disksOnly;
      await (disksOnly
        ? snapshotLiveDisks(qmp, nodes, name)
        : saveWithMemory(definition, qmp, { nodes, name, running, signal }));
    };
    await withMonitor(definition, work, { long: true, signal });
    endSnapshot(definition);
  };
  try {
    await withLockedMachine(locations, machine, 'taking a snapshot', take);
  } finally {
    // The clock of a guest is stopped with its processors, also for a snapshot that fails or is aborted meanwhile.
    if (pausesGuest) await tellMissed(locations, machine, undefined);
  }
}

/** Without an agent that answers, the disks are as after a power loss. */
async function writeGuestCaches(definition: Definition, signal: AbortSignal | undefined): Promise<void> {
  const status = readStatus(definition.files);
  if (status.kind !== 'running' || status.state !== 'running') return;
  const limits = { timeoutMs: SYNC_MS, signal };
  try {
    await using channel = await findVmletChannel(definition, limits);
    await channel?.agent.sync(limits);
  } catch (error) {
    if (!(error instanceof VmletError)) throw error;
  }
}

async function makeStopped(
  definition: Definition,
  name: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  // If it fails and cannot be undone, a later command repairs the disks.
  await snapshotDisks(pathsOf(definition), name, { signal, onBegin: () => begin(definition, name) });
  endSnapshot(definition);
}

/** A snapshot that then fails is in the record, and does not exist. */
function begin(definition: Definition, name: string): void {
  beginSnapshot(definition, { snapshot: name, disks: pathsOf(definition) });
  recordTaken(definition, name);
}

/**
 * Removes snapshots, even those that an interrupted removal left on only some of the disks.
 * @throws InvalidInputError for an unknown snapshot, before any is removed; MachineBusyError, ImageLockedError, QmpJobError
 */
export async function removeMachineSnapshots(
  locations: Locations,
  machine: string,
  names: readonly string[],
  { signal }: Abortable = {},
): Promise<void> {
  await withLockedMachine(locations, machine, 'removing a snapshot', async (definition) => {
    const { files } = definition;
    const runs = readStatus(files).kind === 'running';
    if (!runs) {
      await settleInterrupted(definition);
    }
    await requireOnDisks(definition, names, signal);
    if (runs) for (const name of names) await refuseReadOnlyParts(definition, name, signal);
    for (const name of new Set(names)) {
      if (runs) {
        const nodes = nodesForRemoval(definition, await runningHardware(definition, signal));
        await withMonitor(definition, async (qmp) => removeLiveSnapshot(qmp, nodes, name), {
          long: true,
          signal,
        });
      } else {
        await removeSnapshots(pathsForRemoval(definition), name, { signal });
      }
      forgetSnapshot(definition, name);
    }
  });
}

/** @throws MachineStateError */
export function refuseSavedSnapshots({ spec, files }: Definition): void {
  if (readStatus(files).kind !== 'saved') return;
  throw new MachineStateError(spec.name, 'saved', 'has saved memory, so snapshots are not possible', {
    hint: `resume the machine (vmlet start ${spec.name}), or discard its saved memory: vmlet start --discard-saved ${spec.name}`,
  });
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
  // First the record: QEMU completes the snapshot even if this process is killed.
  recordMemory(definition, {
    snapshot: name,
    wasRunning: status.running,
    machineType: await queryMachineType(qmp),
    rootPorts: [...running.rootPorts],
    bridgeMtus: bridgeMtus(running.bridges),
    hardware: hardwareOf(running),
  });
  await saveLiveSnapshot(qmp, nodes, name, { signal });
}
