import { InvalidInputError } from '../errors.ts';

/** What every distribution's names of packages, groups, versions and architectures are made of. */
const PACKAGE = /^[A-Za-z0-9@][A-Za-z0-9@+._:~=/-]*$/;

/** As with a build of packages, what they only recommend is not installed. */
const INSTALL = `set -e
if command -v apt-get >/dev/null; then
  apt-get update
  exec apt-get install --yes --no-install-recommends "$@"
elif command -v dnf >/dev/null; then
  exec dnf install --assumeyes --setopt=install_weak_deps=False "$@"
elif command -v zypper >/dev/null; then
  exec zypper --non-interactive install --no-recommends "$@"
elif command -v apk >/dev/null; then
  exec apk add "$@"
elif command -v pacman >/dev/null; then
  # It does not support installing beside packages that are older than its lists.
  exec pacman -Syu --noconfirm --needed "$@"
fi
echo 'vmlet knows none of the package managers of this system: of apt-get, dnf, zypper, apk and pacman it has none' >&2
exit 1
`;

/** A script that installs packages in a guest of whatever distribution. @throws InvalidInputError */
export function installScript(packages: readonly string[]): string {
  for (const name of packages) {
    if (PACKAGE.test(name)) continue;
    throw new InvalidInputError('include', `${JSON.stringify(name)} cannot be the name of a package`, {
      hint: 'several are separated by commas',
    });
  }
  return `#!/bin/sh\nset -- ${packages.map((name) => `'${name}'`).join(' ')}\n${INSTALL}`;
}
