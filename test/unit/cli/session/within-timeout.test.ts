import { expect, it } from 'vitest';
import { durationMs } from '../../../../src/cli/flags/flag-values.ts';
import { withinTimeout } from '../../../../src/cli/session/within-timeout.ts';

it.each(['1.1h', '4.1m', '16.1', '0.5ms'])('accepts --timeout %s, which is no whole number', async (text) => {
  const timeout = durationMs(text);
  expect(Number.isInteger(timeout)).toBe(false);
  let worked = false;
  await withinTimeout({ timeout }, async () => {
    worked = true;
    return Promise.resolve();
  });
  expect(worked).toBe(true);
});

it('says that the run timed out', async () => {
  const work = async (_interrupts: unknown, signal: AbortSignal): Promise<never> =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
  await expect(withinTimeout({ timeout: 1 }, work)).rejects.toThrow(/^the run timed out after 0\.001 s/);
});
