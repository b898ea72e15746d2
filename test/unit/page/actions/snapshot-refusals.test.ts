import { expect, test } from 'vitest';
import { whyNotRestored, whyNotTaken } from '../../../../page/actions/snapshot-refusals.ts';

const taken = (kind: string, spec: object = {}): string => whyNotTaken({ status: { kind }, spec } as never);
const restored = (kind: string, memoryBytes: number): string =>
  whyNotRestored({ status: { kind } } as never, { memoryBytes });

test('a saved machine takes no snapshots, and neither does one that is removed after its command', () => {
  expect(taken('saved')).toBe('not possible while the machine has saved memory');
  const reason = 'not possible for a machine that is removed after its command';
  expect(taken('running', { command: { remove: true } })).toBe(reason);
  expect(taken('running', { command: { remove: false } })).toBe('');
  expect(taken('stopped')).toBe('');
});

test('a saved machine restores no snapshots, and a running one only those with memory', () => {
  expect(restored('saved', 1)).toMatch(/saved memory$/);
  expect(restored('running', 0)).toMatch(/machine runs$/);
  expect([restored('running', 1), restored('stopped', 0)]).toEqual(['', '']);
});
