import { expect, it } from 'vitest';
import { grubConfiguration, kernelParameters } from '../../../../../src/images/build/disk/boot-files.ts';
import { trustTimer } from '../../../../../src/machine/plan/board.ts';

it('a system trusts its timer as our own kernels do, by GRUB and by what updates its kernels', () => {
  expect(kernelParameters('id').split(' ')).toContain(trustTimer);
  expect(grubConfiguration('id', 'Debian 13').split(/\s/)).toContain(trustTimer);
});
