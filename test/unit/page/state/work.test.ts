import { expect, test } from 'vitest';
import type { Operation } from '../../../../page/api/types.ts';
import { followWork, machineArrived, machineLeft, workOn } from '../../../../page/state/work.ts';

const operation = (changes: Partial<Operation>): Operation => ({
  ...{ id: '1', kind: 'rename', machine: 'old', command: '', state: 'running' },
  ...changes,
});
const kinds = (): (string | undefined)[] => ['old', 'new'].map((name) => workOn(name).value?.kind);

test('a renamed machine is awaited under its new name', () => {
  machineArrived('old');
  followWork(operation({}));
  expect(kinds()).toEqual(['rename', undefined]);
  followWork(operation({ state: 'done', result: { name: 'new' } }));
  expect(kinds()).toEqual([undefined, 'rename']);
  machineLeft('old');
  machineArrived('new');
  expect(kinds()).toEqual([undefined, undefined]);
});

test('a rename that fails, or whose machine came first, leaves no work', () => {
  machineLeft('new');
  followWork(operation({ id: '2' }));
  followWork(operation({ id: '2', state: 'failed' }));
  expect(kinds()).toEqual([undefined, undefined]);
  followWork(operation({ id: '3' }));
  machineArrived('new');
  followWork(operation({ id: '3', state: 'done', result: { name: 'new' } }));
  expect(kinds()).toEqual([undefined, undefined]);
});

test('a machine that is created is awaited until its own event', () => {
  machineLeft('new');
  const create = { id: '4', kind: 'create', machine: 'new' } as const;
  followWork(operation(create));
  followWork(operation({ ...create, state: 'done' }));
  expect(kinds()).toEqual([undefined, 'create']);
  machineArrived('new');
  expect(kinds()).toEqual([undefined, undefined]);
});
