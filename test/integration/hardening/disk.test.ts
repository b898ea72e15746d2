import { describe, expect, it } from 'vitest';
import { fullDisks, powerLosses } from '../../hardening/disk/disk.ts';
import type { Findings } from '../../hardening/section.ts';
import { canMount } from '../machine/small-file-system.ts';

const ONE = { scale: 0.01, seed: 5, log: () => undefined };

/** `npm run hardening -- disk` covers more cases and more kinds of disks. */
describe('data that a guest has flushed', () => {
  it.skipIf(!canMount)('is preserved when the host has no space for it', async () => {
    check(await fullDisks(ONE));
  });

  it('is preserved when QEMU is killed', async () => {
    check(await powerLosses(ONE));
  });
});

function check({ counts, faults }: Findings): void {
  expect(faults).toEqual([]);
  for (const { what, tried, held } of counts) {
    expect(tried, what).toBeGreaterThan(0);
    expect(held, what).toBe(tried);
  }
}
