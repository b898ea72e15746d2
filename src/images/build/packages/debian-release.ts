import { InvalidInputError } from '../../../errors/index.ts';

/** Code names by version. */
const CODENAMES: ReadonlyMap<string, string> = new Map([
  ['12', 'bookworm'],
  ['13', 'trixie'],
]);

/** Returns the code name of a Debian release, given its version or code name. @throws InvalidInputError */
export function debianCodename(release: string): string {
  const codename = CODENAMES.get(release) ?? [...CODENAMES.values()].find((name) => name === release);
  if (codename !== undefined) return codename;
  const known = [...CODENAMES].map(([version, name]) => `${version} (${name})`).join(', ');
  throw new InvalidInputError('release', `cannot build Debian ${release}`, {
    hint: `use one of ${known}`,
  });
}

/** Packages that create the initramfs. The user may include another than the default. */
const INITRAMFS_PACKAGES = ['initramfs-tools', 'dracut', 'tiny-initramfs'];

/** Returns the packages to install in addition to the user's. */
export function basePackages(codename: string, include: readonly string[]): readonly string[] {
  return [
    'systemd-sysv',
    // In Debian 12 it is part of the package systemd.
    ...(codename === 'bookworm' ? [] : ['systemd-repart']),
    ...['udev', 'dbus', 'systemd-resolved', 'iproute2', 'kmod', 'procps', 'e2fsprogs', 'ca-certificates'],
    ...['openssh-server', 'sudo', 'cloud-init', 'linux-image-cloud-amd64'],
    // An initramfs with udev, of 10 MB, takes a third of the boot time where the CPU is emulated.
    ...(INITRAMFS_PACKAGES.some((name) => include.includes(name)) ? [] : ['tiny-initramfs']),
  ];
}

/** The mirrors of the release and of its security updates. */
export interface DebianMirrors {
  readonly release: string;
  readonly security: string;
}

export const DEFAULT_MIRRORS: DebianMirrors = {
  release: 'http://deb.debian.org/debian',
  security: 'http://deb.debian.org/debian-security',
};

/** Returns sources.list(5) in deb822 style. */
export function debianSources(codename: string, mirrors: DebianMirrors, keyring: string): string {
  return [
    ...['Types: deb', `URIs: ${mirrors.release}`, `Suites: ${codename} ${codename}-updates`],
    ...['Components: main', `Signed-By: ${keyring}`, ''],
    ...['Types: deb', `URIs: ${mirrors.security}`, `Suites: ${codename}-security`],
    ...['Components: main', `Signed-By: ${keyring}`, ''],
  ].join('\n');
}
