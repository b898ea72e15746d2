import { expect, test } from 'vitest';
import { parseProcessStat } from '../../../../src/process/procfs/stat.ts';

test('a program’s name can look like the following fields', () => {
  const fields = Array.from({ length: 50 }, (_, index) => String(index + 4));
  expect(parseProcessStat(`12 (a) R 1 (b) S ${fields.join(' ')}\n`)).toEqual({
    state: 'S',
    parentPid: 4,
    processGroup: 5,
    foregroundGroup: 8,
    userTicks: 14,
    systemTicks: 15,
    startTicks: 22,
  });
});

test('an empty stat, as of an exited process, has no fields', () => {
  expect(parseProcessStat('')).toBeUndefined();
});
