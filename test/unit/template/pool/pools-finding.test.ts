import { expect, test } from 'vitest';
import { poolsFinding } from '../../../../src/template/pool/pools-finding.ts';

const MiB = 1024 ** 2;
const many = { name: 'many', memoryBytes: 256 * MiB, hostBytes: 120 * MiB };
const fast = { name: 'fast', memoryBytes: 1024 * MiB, hostBytes: 80 * MiB };

test('without pools, the available memory is shown', () => {
  expect(poolsFinding([], 700 * MiB)).toEqual({
    item: 'pools',
    state: 'works',
    summary: 'no pools are running; the host has 700 MiB of memory available',
  });
});

test('each pool is shown with its memory', () => {
  expect(poolsFinding([many, fast], 1024 * MiB)).toEqual({
    item: 'pools',
    state: 'works',
    summary:
      'pools use 200 MiB of memory (many: 120 MiB, fast: 80 MiB); the host has 1 GiB of memory available',
  });
});

test('less memory than a guest may need is a warning', () => {
  expect(poolsFinding([many, fast], 1024 * MiB - 1)).toMatchObject({
    state: 'degraded',
    summary: expect.stringContaining(', less than the 1 GiB that a guest of pool "fast" may need') as unknown,
    remedy: 'remove pools that you do not need: vmlet pool rm NAME',
  });
});
