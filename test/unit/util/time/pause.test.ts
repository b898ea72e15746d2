import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { pause } from '../../../../src/util/time/pause.ts';

it('takes the given time', async () => {
  const start = performance.now();
  await pause(20);
  // Node's timers may be a millisecond early.
  expect(performance.now() - start).toBeGreaterThan(18);
});

it('ends with the reason of an abort, before or during the pause, and leaves no listener', async () => {
  await expect(pause(60_000, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
  const aborter = new AbortController();
  const paused = pause(60_000, aborter.signal);
  aborter.abort('meanwhile');
  await expect(paused).rejects.toBe('meanwhile');
  expect(getEventListeners(aborter.signal, 'abort')).toEqual([]);
});

it('rejects an invalid signal', async () => {
  await expect(pause(1, {} as AbortSignal)).rejects.toThrow(TypeError);
});
