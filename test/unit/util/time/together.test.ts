import { expect, it } from 'vitest';
import { deferred } from '../../../../src/util/time/deferred.ts';
import { together } from '../../../../src/util/time/together.ts';

const untilAborted = async (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

it('returns all results in order', async () => {
  const first = deferred<string>();
  const both = together([async () => first.promise, async () => Promise.resolve(2)]);
  first.resolve('one');
  expect(await both).toEqual(['one', 2]);
});

it('starts all works before one has ended', async () => {
  let met = 0;
  const everybody = deferred<undefined>();
  const meet = async (): Promise<void> => {
    if (++met === 2) everybody.resolve(undefined);
    await everybody.promise;
  };
  await together([meet, meet]);
  expect(met).toBe(2);
});

it('aborts the others when one fails, waits for them, and rejects with the first failure', async () => {
  const ended: string[] = [];
  const slow = async (signal: AbortSignal): Promise<void> => {
    await untilAborted(signal).catch(() => undefined);
    await Promise.resolve();
    ended.push('slow');
    throw new Error('a failure that came after');
  };
  const failure = new Error('first');
  await expect(together([slow, async () => Promise.reject(failure)])).rejects.toBe(failure);
  expect(ended).toEqual(['slow']);
});

it('aborts all works when its signal does, and rejects with the reason', async () => {
  const aborter = new AbortController();
  const both = together([untilAborted, untilAborted], aborter.signal);
  aborter.abort(new Error('not wanted'));
  await expect(both).rejects.toThrow('not wanted');
});

it('starts nothing after an abort', async () => {
  let started = 0;
  const work = async (): Promise<number> => Promise.resolve(++started);
  await expect(together([work], AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
  expect(started).toBe(0);
});

it('aborts nothing when nothing fails', async () => {
  let signal: AbortSignal | undefined;
  await together([
    async (given) => {
      signal = given;
      return Promise.resolve();
    },
  ]);
  expect(signal?.aborted).toBe(false);
});
