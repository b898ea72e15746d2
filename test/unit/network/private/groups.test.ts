import { expect, test } from 'vitest';
import { leavePartitions, renameInPartitions } from '../../../../src/network/private/groups.ts';

const CUT = [
  [['web', 'cache'], ['db']],
  [['web'], ['old'], ['mail']],
  [['old'], ['db']],
];

test('a member keeps its place in partitions under its new name', () => {
  expect(renameInPartitions(CUT, 'web', 'shop')).toEqual([
    [['shop', 'cache'], ['db']],
    [['shop'], ['old'], ['mail']],
    [['old'], ['db']],
  ]);
});

test('a new name is not in a partition twice when an earlier member had it', () => {
  expect(renameInPartitions(CUT, 'web', 'old')).toEqual([
    [['old', 'cache'], ['db']],
    [['old'], ['mail']],
  ]);
});

test('partitions forget a name, and end with fewer than two groups', () => {
  expect(leavePartitions(CUT, 'web')).toEqual([
    [['cache'], ['db']],
    [['old'], ['mail']],
    [['old'], ['db']],
  ]);
  expect(leavePartitions(CUT, 'db')).toEqual([[['web'], ['old'], ['mail']]]);
});
