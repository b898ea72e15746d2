import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { checkKernelMemory } from '../../../../src/machine/plan/kernel-memory.ts';
import { temporaryDirectory } from '../../../directory.ts';

const MiB = 1024 * 1024;
const kernel = join(temporaryDirectory(), 'vmlinuz');

it.each([
  [10, '256M'],
  [300, '600M'],
])('a kernel of %i MiB gets a hint with a size that is enough: %s', (size, enough) => {
  writeFileSync(kernel, '');
  truncateSync(kernel, size * MiB);
  expect(() => checkKernelMemory((size + 15) * MiB, kernel, undefined)).toThrow(
    expect.objectContaining({ hint: `give more memory, such as ${enough}` }),
  );
  expect(() => checkKernelMemory((size + 16) * MiB, kernel, undefined)).not.toThrow();
});
