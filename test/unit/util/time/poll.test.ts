import { expect, it, vi } from 'vitest';
import { poll } from '../../../../src/util/time/poll.ts';

it('looks at once, and needs no time if the condition holds', async () => {
  const look = vi.fn(() => true);
  expect(await poll(look, { everyMs: 60_000, timeoutMs: 0 })).toBe(true);
  expect(look).toHaveBeenCalledTimes(1);
});

it('looks again until the condition holds, without a limit by default', async () => {
  let looks = 0;
  expect(await poll(() => ++looks === 4, { everyMs: 1 })).toBe(true);
  expect(looks).toBe(4);
});

it('returns false after the time, having looked last', async () => {
  const start = performance.now();
  let last = 0;
  const look = (): boolean => {
    last = performance.now() - start;
    return false;
  };
  expect(await poll(look, { everyMs: 5, timeoutMs: 20 })).toBe(false);
  // Node's timers may be a millisecond early.
  expect(last).toBeGreaterThan(18);
});

it('rejects with the reason of an abort, also during a pause', async () => {
  const never = (): boolean => false;
  const before = poll(never, { everyMs: 60_000, signal: AbortSignal.abort(new Error('before')) });
  await expect(before).rejects.toThrow('before');
  const aborter = new AbortController();
  const waiting = poll(never, { everyMs: 60_000, signal: aborter.signal });
  aborter.abort('meanwhile');
  await expect(waiting).rejects.toBe('meanwhile');
});
