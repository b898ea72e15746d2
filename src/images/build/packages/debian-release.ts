import { InvalidInputError } from '../../../errors/index.ts';

/** By version, and by name. */
const CODENAMES: ReadonlyMap<string, string> = new Map([
  ['12', 'bookworm'],
  ['13', 'trixie'],
]);

/** The code name of a release of Debian that is given by its version or its code name. @throws InvalidInputError */
export function debianCodename(release: string): string {
  const codename = CODENAMES.get(release) ?? [...CODENAMES.values()].find((name) => name === release);
  if (codename !== undefined) return codename;
  const known = [...CODENAMES].map(([version, name]) => `${version} (${name})`).join(', ');
  throw new InvalidInputError('release', `Debian ${release} cannot be built`, {
    hint: `Debian ${known} can.`,
  });
}

/** Another program that makes the initramfs may be wanted in place of ours. */
const INITRAMFS_PACKAGES = ['initramfs-tools', 'dracut', 'tiny-initramfs'];

/** What is installed beside what the user asks for. */
export function basePackages(codename: string, include: readonly string[]): readonly string[] {
  return [
    'systemd-sysv',
    // In Debian 12 it is a part of the package systemd.
    ...(codename === 'bookworm' ? [] : ['systemd-repart']),
    ...['udev', 'dbus', 'systemd-resolved', 'iproute2', 'kmod', 'procps', 'e2fsprogs', 'ca-certificates'],
    ...['openssh-server', 'sudo', 'cloud-init', 'linux-image-cloud-amd64'],
    // An initramfs of udev, 10 MB of it, takes a third of the time until the prompt where the CPU is emulated.
    ...(INITRAMFS_PACKAGES.some((name) => include.includes(name)) ? [] : ['tiny-initramfs']),
  ];
}

/** Where packages come from: for those of the release, and for security updates. */
export interface DebianMirrors {
  readonly release: string;
  readonly security: string;
}

export const DEFAULT_MIRRORS: DebianMirrors = {
  release: 'http://deb.debian.org/debian',
  security: 'http://deb.debian.org/debian-security',
};

/** sources.list(5) in its deb822 style. */
export function debianSources(codename: string, mirrors: DebianMirrors, keyring: string): string {
  return [
    ...['Types: deb', `URIs: ${mirrors.release}`, `Suites: ${codename} ${codename}-updates`],
    ...['Components: main', `Signed-By: ${keyring}`, ''],
    ...['Types: deb', `URIs: ${mirrors.security}`, `Suites: ${codename}-security`],
    ...['Components: main', `Signed-By: ${keyring}`, ''],
  ].join('\n');
}
