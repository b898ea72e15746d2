import { expect, it } from 'vitest';
import { commandError, mountProblem } from '../../../../src/guest/agent/failure.ts';
import { Phase } from '../../../../src/guest/agent/fields.ts';

const hintOf = (program: string, errno = 'ENOENT'): string | undefined =>
  commandError({ argv: [program, 'install', 'curl'] }, 'exec', errno).hint;

it.each(['apt', 'apt-get', 'apk', 'dnf'])(
  'says where packages can be installed, if %s is missing',
  (name) => {
    expect(hintOf(name)).toBe(
      "use the package manager of the guest's distribution, such as apt-get in debian:13; the image micro has no package manager",
    );
  },
);

it('gives that advice neither for other programs nor for other failures', () => {
  expect(hintOf('nginx')).toBeUndefined();
  expect(hintOf('apt', 'EACCES')).toMatch(/chmod \+x/);
  expect(hintOf('apt', 'ENOMEM')).toBeUndefined();
});

it.each([
  [Phase.mount, 15, 'ENOTBLK', /lacks the driver ext4 or virtio_blk/],
  [Phase.mount, 19, 'ENODEV', /does not support virtiofs/],
  [Phase.request, 74, 'EBADMSG', /is older than this vmlet/],
  [Phase.mount, 13, 'EACCES', /^permission denied \(EACCES\)$/],
] as const)('explains a mount that failed in phase %i with %i', (phase, number, errno, problem) => {
  expect(mountProblem({ phase, errno: number })).toMatchObject({
    errno,
    problem: expect.stringMatching(problem) as string,
  });
});
