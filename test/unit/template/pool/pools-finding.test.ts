import { expect, test } from 'vitest';
import { poolsFinding } from '../../../../src/template/pool/pools-finding.ts';

const MiB = 1024 ** 2;
const many = { name: 'many', memoryBytes: 256 * MiB, hostBytes: 120 * MiB };
const fast = { name: 'fast', memoryBytes: 1024 * MiB, hostBytes: 80 * MiB };

test('without pools, the available memory is shown', () => {
  expect(poolsFinding([], 700 * MiB)).toEqual({
    item: 'pools',
    state: 'works',
    summary: 'no pools; 700 MiB of memory is available',
  });
});

test('each pool is shown with its memory', () => {
  expect(poolsFinding([many, fast], 1024 * MiB)).toEqual({
    item: 'pools',
    state: 'works',
    summary: 'pools hold 200 MiB of memory (many: 120 MiB, fast: 80 MiB); 1 GiB of memory is available',
  });
});

test('less memory than a guest may need is a warning', () => {
  expect(poolsFinding([many, fast], 1024 * MiB - 1)).toMatchObject({
    state: 'degraded',
    summary: expect.stringContaining('; a guest of pool "fast" may need 1 GiB') as unknown,
    remedy: 'remove pools that you do not need: vmlet pool rm NAME',
  });
});
