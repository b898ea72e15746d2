import { InvalidInputError } from '../../errors/index.ts';

/** Characters of package names, groups, versions and architectures in every supported distribution. */
const PACKAGE = /^[A-Za-z0-9@][A-Za-z0-9@+._:~=/-]*$/;

/**
 * As in a build from packages, recommended packages are not installed. The package lists are removed: they
 * are larger than most packages and soon outdated.
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
  echo 'no supported package manager in this system (apt-get, dnf, zypper, apk, pacman)' >&2
  exit 1
fi
`;

/**
 * Returns a script that installs packages in a guest of any supported distribution. @throws InvalidInputError
 */
export function installScript(packages: readonly string[]): string {
  for (const name of packages) {
    if (PACKAGE.test(name)) continue;
    throw new InvalidInputError('include', `invalid package name ${JSON.stringify(name)}`, {
      hint: 'give the names of packages, separated by commas, such as curl,git',
    });
  }
  return `#!/bin/sh\nset -- ${packages.map((name) => `'${name}'`).join(' ')}\n${INSTALL}`;
}
