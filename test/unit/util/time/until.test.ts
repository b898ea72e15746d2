import { describe, expect, it } from 'vitest';
import { until } from '../../../until.ts';

describe('until', () => {
  it('returns the first answer', async () => {
    const answers = [undefined, false as const, 0];
    expect(await until(() => answers.shift())).toBe(0);
  });

  it('fails before the test’s own limit, with a description or the check', { timeout: 1000 }, async () => {
    const described = until(() => false, { awaited: 'it rains' });
    const shown = until(() => Number.isNaN(0));
    await Promise.all([
      expect(described).rejects.toThrow('still waiting until it rains'),
      expect(shown).rejects.toThrow('still waiting until () => Number.isNaN(0)'),
    ]);
  });

  it('rejects with the reason of its signal', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(until(() => false, { signal })).rejects.toThrow('enough');
  });
});
