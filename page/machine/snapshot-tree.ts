import type { Snapshot } from '../api/types.ts';

interface Placed {
  readonly snapshot: Snapshot;
  /** Number of snapshots above it. */
  readonly depth: number;
}

/** Returns each snapshot before those that were taken from it; those of one parent stay in their order. */
export function treeOf(snapshots: readonly Snapshot[], parent?: string, depth = 0): Placed[] {
  return snapshots
    .filter((one) => one.parent === parent)
    .flatMap((snapshot) => [{ snapshot, depth }, ...treeOf(snapshots, snapshot.name, depth + 1)]);
}
