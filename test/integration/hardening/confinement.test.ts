import { expect, it } from 'vitest';
import { confinement } from '../../hardening/confinement/confinement.ts';

it(
  'allows a hostile program in place of QEMU, a switch, a plug or a relay only what is documented',
  { timeout: 600_000 },
  async () => {
    const { counts, faults } = await confinement.run({ scale: 0.1, seed: 1, log: () => undefined });
    expect(faults).toEqual([]);
    expect(counts).toHaveLength(6);
    for (const { tried, held } of counts) expect([held, tried > 100]).toEqual([tried, true]);
  },
);
