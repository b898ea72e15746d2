import { InvalidInputError } from '../../errors/index.ts';

/** What every distribution's names of packages, groups, versions and architectures are made of. */
const PACKAGE = /^[A-Za-z0-9@][A-Za-z0-9@+._:~=/-]*$/;

/**
 * As with a build of packages, what they only recommend is not installed. The lists of all that there is go: they are
 * larger than most packages, and soon old.
 */
const INSTALL = `set -e
if command -v apt-get >/dev/null; then
  apt-get update
  apt-get install --yes --no-install-recommends "$@"
  rm -rf /var/lib/apt/lists
elif command -v dnf >/dev/null; then
  dnf install --assumeyes --setopt=install_weak_deps=False "$@"
  dnf clean all
elif command -v zypper >/dev/null; then
  zypper --non-interactive install --no-recommends "$@"
  zypper clean --all
elif command -v apk >/dev/null; then
  apk add --no-cache "$@"
elif command -v pacman >/dev/null; then
  # It does not support installing beside packages that are older than its lists.
  pacman -Syu --noconfirm --needed "$@"
else
  echo 'vmlet knows none of the package managers of this system: of apt-get, dnf, zypper, apk and pacman it has none' >&2
  exit 1
fi
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
