import { expect, it } from 'vitest';
import {
  grubConfiguration,
  kernelParameters,
} from '../../../../../src/images/build/disk/boot-configuration.ts';
import { trustTimer } from '../../../../../src/machine/plan/board.ts';

it('a system trusts its timer like micro, set by GRUB and by kernel upgrades', () => {
  expect(kernelParameters('id').split(' ')).toContain(trustTimer);
  expect(grubConfiguration('id', 'Debian 13').split(/\s/)).toContain(trustTimer);
});
