import { describe, expect, it } from 'vitest';
import { type Part, runParts } from '../../hardening/section.ts';

const countsOf = (what: string): Part => {
  return async () => Promise.resolve({ counts: [{ what, tried: 1, held: 1 }], faults: [`${what} failed`] });
};
const PARTS = { kills: countsOf('a kill'), life: countsOf('a life') };
const options = { scale: 1, seed: 1, log: () => undefined };

describe('the parts of a section', () => {
  it('run in order, and make a whole result', async () => {
    const { counts, faults, extent } = await runParts(PARTS, options, undefined);
    expect(counts.map(({ what }) => what)).toEqual(['a kill', 'a life']);
    expect(faults).toEqual(['a kill failed', 'a life failed']);
    expect(extent).toBeUndefined();
  });

  it('run alone, and replace their rows', async () => {
    const { counts, extent } = await runParts(PARTS, options, 'life');
    expect(counts.map(({ what }) => what)).toEqual(['a life']);
    expect(extent).toBe('rows');
  });

  it('are named when the chosen one does not exist', async () => {
    await expect(runParts(PARTS, options, 'lives')).rejects.toThrow('no part lives; there are kills, life');
  });

  it('end between two of them', async () => {
    const ended = AbortSignal.abort(new Error('interrupted'));
    await expect(runParts(PARTS, { ...options, signal: ended }, undefined)).rejects.toThrow('interrupted');
  });
});
