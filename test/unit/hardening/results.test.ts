import { expect, test } from 'vitest';
import { type SectionResult, verdictOf, withRows } from '../../hardening/report/results.ts';

const whole: SectionResult = {
  title: 'faults',
  host: 'a host',
  commit: 'aaa',
  at: '2026-01-01',
  scale: 1,
  seed: 1,
  seconds: 9,
  counts: [
    { what: 'create', tried: 9, held: 9, note: '3 steps' },
    { what: 'clone', tried: 9, held: 7 },
  ],
  faults: ['clone:EIO:3: it hangs', 'clone-linked:EIO:3: it hangs', 'clone could not be swept: why'],
};

test.each([
  { tried: 2, held: 2, verdict: 'ok' },
  { tried: 2, held: 1, verdict: 'FAILED' },
  { tried: 0, held: 0, verdict: 'not run' },
])('$held of $tried is $verdict', ({ verdict, ...count }) => {
  expect(verdictOf({ what: 'doors', ...count })).toBe(verdict);
});

test('recounted rows replace their predecessors, and state their origin', () => {
  const again = withRows(whole, {
    ...whole,
    commit: 'bbb',
    counts: [{ what: 'clone', tried: 8, held: 8, note: '2 steps' }],
    faults: [],
    extent: 'rows',
  });
  expect(again).toEqual({
    ...whole,
    counts: [whole.counts[0], { what: 'clone', tried: 8, held: 8, note: '2 steps', commit: 'bbb', scale: 1 }],
    faults: ['clone-linked:EIO:3: it hangs'],
  });
});

test('a new row is appended, without repeating the same circumstances', () => {
  const row = { what: 'stop', tried: 1, held: 1 };
  expect(withRows(whole, { ...whole, counts: [row], faults: [], extent: 'rows' }).counts).toEqual([
    ...whole.counts,
    row,
  ]);
});

test('replaces the faults of a row with a quoted name, and no other row with the same first word', () => {
  const row = { what: 'QMP that lies in `start`', tried: 1, held: 1 };
  const faults = ['start:launcher:3:stalls: it hangs', 'start of a saved one:launcher:3:stalls: it hangs'];
  const again = withRows({ ...whole, faults }, { ...whole, counts: [row], faults: [], extent: 'rows' });
  expect(again.faults).toEqual([faults[1]]);
});
