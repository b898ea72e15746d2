import { expect, it } from 'vitest';
import { sweepFaults } from '../../hardening/faults/faults.ts';
import type { Findings } from '../../hardening/section.ts';

const SEED = 1;

/** `npm run hardening -- faults` covers all operations, and all of their steps. */
it('a few operations survive kills, interrupts and failures at some of their steps', async () => {
  check(await sweepFaults({ scale: 0.001, seed: SEED, log: () => undefined }));
});

it('a command without free descriptors reports that, and leaves nothing', async () => {
  check(await sweepFaults({ scale: 0.15, seed: SEED, log: () => undefined }, 'create:EMFILE+'));
});

function check({ counts, faults }: Findings): void {
  expect(faults).toEqual([]);
  for (const { what, tried, held } of counts) {
    expect(tried, what).toBeGreaterThan(0);
    expect(held, what).toBe(tried);
  }
}
