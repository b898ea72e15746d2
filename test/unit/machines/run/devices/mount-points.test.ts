import { expect, it } from 'vitest';
import { mountPoints } from '../../../../../src/machines/run/devices/live-shares.ts';

const MOUNTS = [
  'rootfs / rootfs rw 0 0',
  'share1 /srv/a\\040b\\134c virtiofs ro,nosuid 0 0',
  'share10 /other virtiofs rw 0 0',
  'share1 /tmp/of-a-user ext4 rw 0 0',
  'share1 /again virtiofs rw 0 0',
  '',
].join('\n');

it('finds every place of a directory in the guest, and no other one', () => {
  expect(mountPoints(MOUNTS, 'share1')).toEqual(['/srv/a b\\c', '/again']);
  expect(mountPoints(MOUNTS, 'share2')).toEqual([]);
});
