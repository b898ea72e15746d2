import { expect, it } from 'vitest';
import { commandError } from '../../../../src/guest/agent/failure.ts';

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
