import { expect, it } from 'vitest';
import type { Snapshot } from '../../../../page/api/types.ts';
import { treeOf } from '../../../../page/machine/snapshot-tree.ts';

const snapshot = (name: string, parent?: string): Snapshot => ({
  name,
  parent,
  createdAt: '2026-01-01T00:00:00.000Z',
  memoryBytes: 0,
  missingOn: [],
  current: false,
});

const shown = (...snapshots: readonly Snapshot[]): string[] =>
  treeOf(snapshots).map(({ snapshot: { name }, depth }) => '-'.repeat(depth) + name);

it('puts each snapshot below its parent', () => {
  const all = [
    snapshot('clean'),
    snapshot('left', 'clean'),
    snapshot('right', 'clean'),
    snapshot('end', 'left'),
  ];
  expect(shown(...all)).toEqual(['clean', '-left', '--end', '-right']);
});

it('keeps the order of snapshots without a known parent', () => {
  expect(shown(snapshot('b'), snapshot('a'))).toEqual(['b', 'a']);
});
