import { expect, it } from 'vitest';
import { newMac } from '../../../../src/network/card/network-card.ts';

it('returns a random address with QEMU’s prefix', () => {
  const addresses = Array.from({ length: 50 }, newMac);
  for (const address of addresses) expect(address).toMatch(/^52:54:00(:[0-9a-f]{2}){3}$/);
  // 50 addresses of 16 million contain two equal ones once in 14 000 runs, but are never all equal.
  expect(new Set(addresses).size).toBeGreaterThan(45);
});
