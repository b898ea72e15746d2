import { getEventListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { TimedOutError } from '../../../../src/errors/index.ts';
import { deferred } from '../../../../src/util/time/deferred.ts';
import { withinLimits } from '../../../../src/util/time/deadline.ts';

const LONG_MS = 60_000;

/** The resources that a wait can leave behind. */
function held(signal: AbortSignal): { timers: number; listeners: number } {
  return {
    timers: process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length,
    listeners: getEventListeners(signal, 'abort').length,
  };
}

it.each([2 ** 31, 30 * 24 * 3_600_000, Infinity])(
  'a limit of %d ms does not expire at once',
  async (timeoutMs) => {
    expect(await withinLimits('work', delay(20, 'done'), { timeoutMs })).toBe('done');
  },
);

it('returns the result of the work, and leaves neither a timer nor a listener', async () => {
  const { signal } = new AbortController();
  const before = held(signal);
  const work = deferred<string>();
  const limited = withinLimits('work', work.promise, { timeoutMs: LONG_MS, signal });
  expect(held(signal)).toEqual({ timers: before.timers + 1, listeners: 1 });
  work.resolve('done');
  expect(await limited).toBe('done');
  expect(held(signal)).toEqual(before);
});

it('rejects like the work, and leaves neither a timer nor a listener', async () => {
  const { signal } = new AbortController();
  const before = held(signal);
  const work = Promise.reject(new Error('broken'));
  await expect(withinLimits('work', work, { timeoutMs: LONG_MS, signal })).rejects.toThrow('broken');
  expect(held(signal)).toEqual(before);
});

it('rejects at the time limit, names the work, and leaves no listener', async () => {
  const { signal } = new AbortController();
  const limits = { timeoutMs: 5, signal };
  const failure = await withinLimits('waiting for the guest', deferred().promise, limits).catch(
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(TimedOutError);
  expect(failure).toMatchObject({
    timeoutMs: 5,
    message: 'timed out after 0.005 s waiting for the guest',
  });
  expect(held(signal).listeners).toBe(0);
});

it('rejects at the time limit without a signal', async () => {
  await expect(withinLimits('work', deferred().promise, { timeoutMs: 5 })).rejects.toThrow(TimedOutError);
});

it('has no time limit with only a signal', async () => {
  const { signal } = new AbortController();
  expect(await withinLimits('work', delay(20, 'done'), { signal })).toBe('done');
});

it.each([{ timeoutMs: LONG_MS }, {}])(
  'rejects with the reason of an abort, beside %j, and leaves no timer',
  async (limits) => {
    const aborter = new AbortController();
    const before = held(aborter.signal);
    const limited = withinLimits('work', deferred().promise, { ...limits, signal: aborter.signal });
    const reason = new Error('not wanted any more');
    aborter.abort(reason);
    await expect(limited).rejects.toBe(reason);
    expect(held(aborter.signal)).toEqual(before);
  },
);

it('rejects at once after an abort, and ignores the end of the work', async () => {
  const work = deferred();
  const limited = withinLimits('work', work.promise, { signal: AbortSignal.abort(new Error('before')) });
  await expect(limited).rejects.toThrow('before');
  // An unhandled rejection would fail this run.
  work.reject(new Error('later'));
  await delay(1);
});

it('returns the work itself without limits', async () => {
  expect(await withinLimits('work', Promise.resolve(5), {})).toBe(5);
  await expect(withinLimits('work', Promise.reject(new Error('broken')), {})).rejects.toThrow('broken');
});
