import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import type { LaunchOptions } from '../../../../src/machine/spec/launch-options.ts';
import { parseSpec } from '../../../../src/machine/spec/spec.ts';
import { reasonToBoot } from '../../../../src/template/kept/reason-to-boot.ts';

const reasonOf = (options: LaunchOptions): string | undefined => reasonToBoot(parseSpec(options), options);

it.each<[LaunchOptions, RegExp]>([
  [{ until: 'running' }, /does not wait for the guest to boot/],
  [{ console: new PassThrough() }, /console output/],
  [{ faults: true }, /network faults/],
  [{ volumes: ['/a:/1', '/a:/2', '/a:/3', 'v:/4', 'w:/5'] }, /at most 4 directories, volumes and disks/],
  [{ volumes: ['/a:/1', '/a:/2', 'v:/3'], disks: ['1G', '1G'] }, /at most 4 directories/],
  [{ image: 'host', volumes: ['/a:/1', '/a:/2', 'v:/3', 'w:/4'] }, /at most 4 directories/],
  [{ image: 'host', kernel: '/vmlinux' }, /another kernel cannot be kept/],
  [
    { image: 'debian:13', disks: ['1G'], seed: { run: ['mkfs.ext4 /dev/vdb'] } },
    /may use the disks at the first boot/,
  ],
  [
    { image: 'debian:13', disks: ['1G'], seed: { userData: '#cloud-config\nmounts: []\n' } },
    /may use the disks/,
  ],
])('boots for %j', (options, reason) => {
  expect(reasonOf(options)).toMatch(reason);
});

it('forks for options that every fork sets anew', () => {
  const volumes = ['/tmp:/src', 'cache:/cache', ...['/1', '/2', '/3'].map((path) => `/tmp:${path}:copy`)];
  const options = { image: 'debian:13', name: 'web', ports: ['80'], memory: '1G', append: 'quiet', volumes };
  expect(reasonOf(options)).toBeUndefined();
  expect(reasonOf({ image: 'debian:13', disks: ['1G'], seed: { user: 'me' } })).toBeUndefined();
  expect(reasonOf({ image: 'host', volumes: ['/a:/1', 'v:/2'], disks: ['1G'] })).toBeUndefined();
  expect(reasonOf({ disks: ['1G', '2G', '/a.raw'], volumes: ['/tmp:/src'] })).toBeUndefined();
});
