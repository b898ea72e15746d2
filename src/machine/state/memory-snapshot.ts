import { statfs } from 'node:fs/promises';
import { InvalidInputError, NoSpaceError, QmpJobError } from '../../errors/index.ts';
import { type QmpClient, runJob } from '../../qmp/index.ts';
import {
  type MachineSnapshot,
  type SnapshotsOfDisks,
  requireFreeName,
  requireSnapshot,
  requireSomewhere,
  snapshotsOfMachine,
} from './machine-snapshot.ts';

/** What qcow2 takes from its file system at a time. */
const CLUSTER = 64 * 1024;

/**
 * The qcow2 nodes that a running machine writes to, its firmware's variables among them. The memory goes to the first.
 * QEMU does nothing else while it works on a snapshot: no command is answered and the guest stands still.
 */
export type SnapshotNodes = readonly [string, ...string[]];

interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** @throws InvalidInputError for a node that the machine does not have, and what `execute` throws. */
export async function listLiveSnapshots(
  qmp: QmpClient,
  nodes: SnapshotNodes,
): Promise<readonly MachineSnapshot[]> {
  return snapshotsOfMachine(await snapshotsOfNodes(qmp, nodes));
}

/**
 * Keeps memory, devices and disks as they are at one moment. The guest goes on afterwards as it was. On abort QEMU
 * cannot be stopped; what it made is removed.
 * @throws InvalidInputError for a name that is taken or impossible, NoSpaceError, QmpJobError with QEMU's words (as
 *   for a device that cannot be kept), what `execute` throws, or the signal's reason.
 */
export async function saveLiveSnapshot(
  qmp: QmpClient,
  nodes: SnapshotNodes,
  name: string,
  { signal }: Abortable = {},
): Promise<void> {
  const { snapshots, files } = await look(qmp, nodes);
  requireFreeName(snapshots, name);
  signal?.throwIfAborted();
  try {
    await runJob(qmp, 'snapshot-save', { tag: name, vmstate: nodes[0], devices: nodes });
  } catch (error) {
    if (error instanceof QmpJobError && (await isFull(files[0]))) {
      throw new NoSpaceError(`the disk is full: there is no room for the machine's memory in ${files[0]}`, {
        cause: error,
      });
    }
    throw error;
  }
  if (signal?.aborted !== true) return;
  await removeLiveSnapshot(qmp, nodes, name);
  signal.throwIfAborted();
}

/**
 * Makes memory, devices and disks what they were. A machine that ran runs on from there, one that was paused or not
 * started yet (-S) stays so; what was written since is lost. It has to have the hardware that it had then.
 * @throws InvalidInputError, before anything is changed, for a snapshot that is not there or holds no memory;
 *   QmpJobError when it cannot be loaded: the disks are then those of the snapshot and the memory is not, so that the
 *   machine stays paused and has to be ended.
 */
export async function loadLiveSnapshot(qmp: QmpClient, nodes: SnapshotNodes, name: string): Promise<void> {
  const { snapshots } = await look(qmp, nodes);
  if (requireSnapshot(snapshots, name).memoryBytes === 0) {
    throw new InvalidInputError('snapshot', `the snapshot ${JSON.stringify(name)} holds no memory`, {
      hint: 'it was taken while the machine was stopped; stop the machine to restore it',
    });
  }
  const { running } = await qmp.execute('query-status');
  // Stopped here and not by the job, so that a machine which is half restored does not run.
  if (running) await qmp.execute('stop');
  const vmstate = nodes.find((_, index) =>
    snapshots[index]?.some((one) => one.name === name && one.stateBytes > 0),
  );
  try {
    await runJob(qmp, 'snapshot-load', { tag: name, vmstate: vmstate ?? nodes[0], devices: nodes });
  } catch (error) {
    if (!(error instanceof QmpJobError)) throw error;
    throw new QmpJobError(`loading the snapshot ${JSON.stringify(name)}`, error.jobId, error.message, {
      hint: 'the machine may have had other hardware then, and QEMU’s output tells what; it is paused with the disks of the snapshot: end it, then start it',
      cause: error,
    });
  }
  if (running) await qmp.execute('cont');
}

/** Removes it from the disks that have it. @throws InvalidInputError where none has, QmpJobError. */
export async function removeLiveSnapshot(qmp: QmpClient, nodes: SnapshotNodes, name: string): Promise<void> {
  const places = requireSomewhere((await look(qmp, nodes)).snapshots, name);
  const devices = nodes.filter((_, index) => places.includes(index));
  await runJob(qmp, 'snapshot-delete', { tag: name, devices });
}

/** The snapshots that each node has. @throws InvalidInputError for a node that the machine does not have. */
export async function snapshotsOfNodes(qmp: QmpClient, nodes: SnapshotNodes): Promise<SnapshotsOfDisks> {
  return (await look(qmp, nodes)).snapshots;
}

interface Look {
  readonly snapshots: SnapshotsOfDisks;
  readonly files: [string, ...string[]];
}

async function look(qmp: QmpClient, nodes: SnapshotNodes): Promise<Look> {
  const all = await qmp.execute('query-named-block-nodes', { flat: true });
  const images = nodes.map((name) => {
    const node = all.find((one) => one['node-name'] === name);
    if (node) return node.image;
    throw new InvalidInputError('snapshot', `the machine has no disk ${name}`);
  });
  const [first, ...others] = images.map(({ filename }) => filename);
  return {
    files: [first ?? '', ...others],
    snapshots: images.map(({ snapshots = [] }) =>
      snapshots.map((one) => ({
        id: one.id,
        name: one.name,
        createdAt: new Date(Number(one['date-sec']) * 1000 + Number(one['date-nsec']) / 1_000_000),
        stateBytes: Number(one['vm-state-size']),
      })),
    ),
  };
}

/** QEMU says only "Input/output error" when it cannot write memory to a full disk. */
async function isFull(path: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize < CLUSTER;
}

/**
 * Keeps what the disks of a running machine hold at one moment, without its memory: what a guest would find after a
 * power cut. All of them, or none.
 * @throws InvalidInputError for a name that is taken or impossible, QmpRefusedError, and what `execute` throws.
 */
export async function snapshotLiveDisks(qmp: QmpClient, nodes: SnapshotNodes, name: string): Promise<void> {
  requireFreeName(await snapshotsOfNodes(qmp, nodes), name);
  await qmp.execute('transaction', {
    actions: nodes.map((device) => ({ type: 'blockdev-snapshot-internal-sync', data: { device, name } })),
  });
}
