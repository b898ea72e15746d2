import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { TimedOutError } from '../../../../src/errors/index.ts';
import { withinLimits } from '../../../../src/util/time/deadline.ts';
import { startTimer } from '../../../../src/util/time/timer.ts';

test.each([2 ** 31, 30 * 24 * 3_600_000, Infinity])(
  'a limit of %d ms is not over at once',
  async (timeoutMs) => {
    expect(await withinLimits('work', delay(20, 'done'), { timeoutMs })).toBe('done');
  },
);

test('a limit is over in time', async () => {
  await expect(withinLimits('work', new Promise(() => undefined), { timeoutMs: 5 })).rejects.toThrow(
    TimedOutError,
  );
});

test('a timer that is stopped does not act', async () => {
  let acted = false;
  startTimer(1, () => (acted = true))();
  await delay(20);
  expect(acted).toBe(false);
});
