import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { type Deferred, deferred } from '../../../../src/util/time/deferred.ts';
import { SharedWork } from '../../../../src/util/time/shared-work.ts';

/** Work that ends as the test says, and its runs. */
function controlled(): {
  runs: (Deferred<string> & { readonly signal: AbortSignal })[];
  work: (signal: AbortSignal) => Promise<string>;
} {
  const runs: (Deferred<string> & { readonly signal: AbortSignal })[] = [];
  return {
    runs,
    work: async (signal) => {
      const run = { ...deferred<string>(), signal };
      runs.push(run);
      return run.promise;
    },
  };
}

describe('shared work', () => {
  it('runs once for the callers that come while it runs', async () => {
    const { runs, work } = controlled();
    const shared = new SharedWork<string>();
    const { signal } = new AbortController();
    const both = Promise.all([shared.join('a', work, undefined), shared.join('a', work, signal)]);
    expect(runs).toHaveLength(1);
    runs[0]!.resolve('done');
    expect(await both).toEqual(['done', 'done']);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    void shared.join('a', work, undefined);
    expect(runs).toHaveLength(2);
  });

  it('runs for each key', () => {
    const { runs, work } = controlled();
    const shared = new SharedWork<string>();
    for (const key of ['a', 'b']) void shared.join(key, work, undefined);
    expect(runs).toHaveLength(2);
  });

  it('fails for all callers, and is started again by the next', async () => {
    const { runs, work } = controlled();
    const shared = new SharedWork<string>();
    const callers = [shared.join('a', work, undefined), shared.join('a', work, undefined)];
    runs[0]!.reject(new Error('no'));
    for (const caller of callers) await expect(caller).rejects.toThrow('no');
    void shared.join('a', work, undefined);
    expect(runs).toHaveLength(2);
  });

  it('continues for the others when a caller is aborted', async () => {
    const { runs, work } = controlled();
    const shared = new SharedWork<string>();
    const abort = new AbortController();
    const aborted = shared.join('a', work, abort.signal);
    const other = shared.join('a', work, new AbortController().signal);
    abort.abort(new Error('changed my mind'));
    await expect(aborted).rejects.toThrow('changed my mind');
    expect(runs[0]!.signal.aborted).toBe(false);
    runs[0]!.resolve('done');
    expect(await other).toBe('done');
  });

  it('is aborted with its last caller, who waits for its end, and later callers start again', async () => {
    const { runs, work } = controlled();
    const shared = new SharedWork<string>();
    const aborts = [new AbortController(), new AbortController()];
    const [first, last] = aborts.map(async ({ signal }) => shared.join('a', work, signal));
    aborts[0]!.abort(new Error('first'));
    aborts[1]!.abort(new Error('last'));
    await expect(first).rejects.toThrow('first');
    expect(runs[0]!.signal.reason).toEqual(new Error('last'));
    void shared.join('a', work, undefined);
    expect(runs).toHaveLength(2);
    const state = await Promise.race([last!.catch(() => 'ended'), Promise.resolve('waits')]);
    expect(state).toBe('waits');
    runs[0]!.reject(runs[0]!.signal.reason);
    await expect(last).rejects.toThrow('last');
    // The end of the aborted run does not make callers forget the next one.
    void shared.join('a', work, undefined);
    expect(runs).toHaveLength(2);
  });

  it('does not start for an aborted caller', async () => {
    const { runs, work } = controlled();
    const joined = new SharedWork<string>().join('a', work, AbortSignal.abort(new Error('too late')));
    await expect(joined).rejects.toThrow('too late');
    expect(runs).toEqual([]);
  });
});
