import { InvalidInputError, NoSpaceError, QmpJobError } from '../../errors/index.ts';
import { type QmpClient, runJob } from '../../qmp/index.ts';
import { fileSystemOf } from '../../util/files/file-system.ts';
import {
  type MachineSnapshot,
  type SnapshotsOfDisks,
  requireFreeName,
  requireSnapshot,
  requireOnSomeDisk,
  snapshotsOfMachine,
} from './machine-snapshot.ts';

/** Unit in which qcow2 allocates space. */
const CLUSTER = 64 * 1024;

/**
 * The qcow2 nodes that a running machine writes to, including its firmware's variables. Memory is saved to
 * the first. While QEMU works on a snapshot, it answers no commands and the guest is paused.
 */
export type SnapshotNodes = readonly [string, ...string[]];

interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** @throws InvalidInputError for a node that the machine does not have, and the errors of `execute`. */
export async function listLiveSnapshots(
  qmp: QmpClient,
  nodes: SnapshotNodes,
): Promise<readonly MachineSnapshot[]> {
  return snapshotsOfMachine(await snapshotsOfNodes(qmp, nodes));
}

/**
 * Saves memory, devices and disks at one moment. The guest then continues. On abort, QEMU cannot be stopped;
 * the snapshot is removed afterwards.
 * @throws InvalidInputError for a name that is taken or invalid, NoSpaceError, QmpJobError with QEMU's
 * message (as for a device that cannot be saved), the errors of `execute`, or the signal's reason.
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
    if (error instanceof QmpJobError && isFull(files[0])) {
      throw new NoSpaceError(
        `no space left on the host: cannot save the memory of the machine in ${files[0]}`,
        {
          cause: error,
        },
      );
    }
    throw error;
  }
  if (signal?.aborted !== true) return;
  await removeLiveSnapshot(qmp, nodes, name);
  signal.throwIfAborted();
}

/**
 * Restores memory, devices and disks. A machine that was running continues from there; one that was paused or
 * not yet started (-S) stays paused; later writes are lost. The hardware must be the same as it was then.
 * @throws InvalidInputError, before anything is changed, for a snapshot that does not exist or has no memory;
 * QmpJobError when it cannot be loaded: the disks are then restored and the memory is not, so the machine
 * stays paused and has to be ended.
 */
export async function loadLiveSnapshot(qmp: QmpClient, nodes: SnapshotNodes, name: string): Promise<void> {
  const { snapshots } = await look(qmp, nodes);
  if (requireSnapshot(snapshots, name).memoryBytes === 0) {
    throw new InvalidInputError('snapshot', `snapshot ${JSON.stringify(name)} has no saved memory`, {
      hint: 'stop the machine first: a snapshot without memory cannot be restored while the machine is running',
    });
  }
  const { running } = await qmp.execute('query-status');
  // Paused here rather than by the job, so that a half-restored machine does not run.
  if (running) await qmp.execute('stop');
  const vmstate = nodes.find((_, index) =>
    snapshots[index]?.some((one) => one.name === name && one.stateBytes > 0),
  );
  await runJob(qmp, 'snapshot-load', { tag: name, vmstate: vmstate ?? nodes[0], devices: nodes });
  if (running) await qmp.execute('cont');
}

/** Removes it from the disks that have it. @throws InvalidInputError when none has it, QmpJobError. */
export async function removeLiveSnapshot(qmp: QmpClient, nodes: SnapshotNodes, name: string): Promise<void> {
  const places = requireOnSomeDisk((await look(qmp, nodes)).snapshots, name);
  const devices = nodes.filter((_, index) => places.includes(index));
  await runJob(qmp, 'snapshot-delete', { tag: name, devices });
}

/**
 * Returns the snapshots of each node. @throws InvalidInputError for a node that the machine does not have.
 */
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
    throw new InvalidInputError('snapshot', `the running machine does not have the disk "${name}"`);
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

/**
 * QEMU says only "Input/output error" when it cannot write memory to a full disk. The file may be gone: a running QEMU
 * opens a file outside of the machine's directory by a name that is then removed.
 */
function isFull(path: string): boolean {
  const { bytes, freeBytes } = fileSystemOf(path);
  return bytes > 0 && freeBytes < CLUSTER;
}

/**
 * Creates a snapshot of all disks of a running machine, or of none, without its memory: the state after a
 * power cut.
 * @throws InvalidInputError for a name that is taken or invalid, QmpRefusedError, and the errors of
 * `execute`.
 */
export async function snapshotLiveDisks(qmp: QmpClient, nodes: SnapshotNodes, name: string): Promise<void> {
  requireFreeName(await snapshotsOfNodes(qmp, nodes), name);
  await qmp.execute('transaction', {
    actions: nodes.map((device) => ({ type: 'blockdev-snapshot-internal-sync', data: { device, name } })),
  });
}
