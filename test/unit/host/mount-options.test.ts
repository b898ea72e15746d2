import { expect, it } from 'vitest';
import { mountOptionsOf } from '../../../src/host/mount-options.ts';

const table = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:25 / /home rw,nosuid,noexec - tmpfs none rw
31 30 0:26 / /home/a\\040b rw,nodev - tmpfs none rw
32 22 0:27 / /tmp rw - tmpfs none rw
33 32 0:28 / /tmp ro,noexec - tmpfs none rw
`;

it.each([
  ['/usr/bin', ['rw', 'relatime']],
  ['/home', ['rw', 'nosuid', 'noexec']],
  ['/home/u/.local', ['rw', 'nosuid', 'noexec']],
  ['/homes', ['rw', 'relatime']],
  ['/home/a b/c', ['rw', 'nodev']],
  ['/tmp/x', ['ro', 'noexec']],
])('%s', (path, options) => {
  expect(mountOptionsOf(path, table)).toEqual(options);
});
