import { expect, it } from 'vitest';
import { ANY_PARENT, tether } from '../../../../src/process/confine/tether.ts';

it('ties a program to the process that starts it', () => {
  const [program, ...options] = tether(ANY_PARENT, 5, ['/qemu', '-x'], ['--limit', 'core=0']);
  expect(program).toMatch(/\/vmlet-confine$/);
  expect(options).toEqual(['--parent', '0', '--descriptors', '5', '--limit', 'core=0', '--', '/qemu', '-x']);
});
