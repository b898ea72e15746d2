import type { QmpClient } from '../../qmp/index.ts';
import { requireFreeName } from './machine-snapshot.ts';
import { type SnapshotNodes, snapshotsOfNodes } from './memory-snapshot.ts';

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
