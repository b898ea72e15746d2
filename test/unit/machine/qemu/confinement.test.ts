import { expect, it } from 'vitest';
import { connectsOf, longestFileOf } from '../../../../src/machine/qemu/confinement.ts';
import type { BoundNetworkPlan, NetworkBackend } from '../../../../src/network/plan/network.ts';

const GiB = 1024 ** 3;
const inherited = { network: { descriptor: 6 } };
const byPath = { network: { descriptor: undefined } };

function network(backend: NetworkBackend): BoundNetworkPlan {
  return { backend } as BoundNetworkPlan;
}

it('a machine that inherits all of its connections connects to nobody', () => {
  expect(connectsOf(undefined, byPath)).toBe('nowhere');
  expect(connectsOf(network('passt-stream'), inherited)).toBe('nowhere');
  expect(connectsOf(network('passt-stream'), byPath)).toBe('by-path');
  // QEMU takes no inherited descriptor for it.
  expect(connectsOf(network('passt-vhost-user'), inherited)).toBe('by-path');
  expect(connectsOf(undefined, inherited, '/tpm')).toBe('by-path');
  expect(connectsOf(network('slirp'), inherited)).toBe('anywhere');
});

it('the longest file has room for a full qcow2 and for memory, tables included', () => {
  const clusters = (20 * GiB) / 65_536;
  const disk = longestFileOf([{ createBytes: 20 * GiB }, { createBytes: undefined }], GiB);
  expect(disk).toBeGreaterThan(20 * GiB + clusters * 10 + 1024 ** 2);
  expect(disk).toBeLessThan(21 * GiB);
  const memory = longestFileOf([{ createBytes: GiB }], 8 * GiB);
  expect(memory).toBeGreaterThan(8 * GiB + ((8 * GiB) / 4096) * 8);
  expect(longestFileOf([], 64 * 1024 ** 2)).toBeGreaterThan(256 * 1024 ** 2);
});
