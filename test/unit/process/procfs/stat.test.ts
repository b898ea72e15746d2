import { expect, test } from 'vitest';
import { parseProcessStat } from '../../../../src/process/procfs/stat.ts';

test('the name of a program may look like the fields behind it', () => {
  const fields = Array.from({ length: 50 }, (_, index) => String(index + 4));
  expect(parseProcessStat(`12 (a) R 1 (b) S ${fields.join(' ')}\n`)).toEqual({
    state: 'S',
    userTicks: 14,
    systemTicks: 15,
    startTicks: 22,
  });
});

test('nothing, as of a process that is gone, has no fields', () => {
  expect(parseProcessStat('')).toBeUndefined();
});
