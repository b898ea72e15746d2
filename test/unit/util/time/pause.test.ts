import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { pause } from '../../../../src/util/time/pause.ts';

it('takes the time that it is given', async () => {
  const start = performance.now();
  await pause(20);
  // Node's timers may be a millisecond early.
  expect(performance.now() - start).toBeGreaterThan(18);
});

it('ends by the reason of an abort, before or meanwhile, and leaves no listener', async () => {
  await expect(pause(60_000, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
  const aborter = new AbortController();
  const paused = pause(60_000, aborter.signal);
  aborter.abort('meanwhile');
  await expect(paused).rejects.toBe('meanwhile');
  expect(getEventListeners(aborter.signal, 'abort')).toEqual([]);
});

it('fails for what is no signal', async () => {
  await expect(pause(1, {} as AbortSignal)).rejects.toThrow(TypeError);
});
