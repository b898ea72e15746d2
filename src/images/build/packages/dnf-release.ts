import { InvalidInputError } from '../../../errors/index.ts';
import type { CpuLevel } from '../../../util/system/cpu-level.ts';
import type { Release } from '../recipe/package-installer.ts';

/** A package repository: its public list of mirrors, and its path below a mirror. */
export interface DnfRepository {
  readonly name: string;
  readonly list: { readonly kind: 'metalink' | 'mirrorlist'; readonly url: string };
  readonly path: string;
}

export interface DnfRelease extends Release {
  /**
   * The file of the key that signs the packages, among the keys of the catalogue, which records where most of them are
   * from. centos.asc and rocky-9.asc are from distribution-gpg-keys 1.119: centos/RPM-GPG-KEY-CentOS-Official-SHA256
   * and rocky/RPM-GPG-KEY-Rocky-9.
   */
  readonly key: string;
  readonly repositories: readonly DnfRepository[];
  /** Directory of the release's rpm database. */
  readonly database: '/usr/lib/sysimage/rpm' | '/var/lib/rpm';
  /** dnf's module_platform_id, for a release with modules. */
  readonly platform: string | undefined;
  /** Packages for this distribution only. */
  readonly packages: readonly string[];
}

interface Distribution {
  readonly title: string;
  readonly user: string;
  readonly releases: ReadonlyMap<string, { readonly key: string; readonly cpu: CpuLevel }>;
  repositories(version: string): readonly DnfRepository[];
  readonly packages: readonly string[];
}

/** The repositories of Fedora's relatives: the operating system, and applications. */
const ENTERPRISE_REPOSITORIES = ['BaseOS', 'AppStream'];

/** RHEL 9 is compiled for x86-64-v2, RHEL 10 for x86-64-v3. */
function enterpriseReleases(nine: string, ten: string): Distribution['releases'] {
  return new Map([
    ['9', { key: nine, cpu: 'x86-64-v2' }],
    ['10', { key: ten, cpu: 'x86-64-v3' }],
  ]);
}

const DISTRIBUTIONS: ReadonlyMap<string, Distribution> = new Map<string, Distribution>([
  [
    'fedora',
    {
      title: 'Fedora',
      user: 'fedora',
      releases: new Map(
        ['43', '44', '45'].map((version) => [version, { key: `fedora-${version}.asc`, cpu: 'x86-64' }]),
      ),
      repositories: (version) => [
        {
          name: 'fedora',
          list: metalink(`mirrors.fedoraproject.org/metalink?repo=fedora-${version}&arch=x86_64`),
          path: `releases/${version}/Everything/x86_64/os/`,
        },
        {
          name: 'updates',
          list: metalink(`mirrors.fedoraproject.org/metalink?repo=updates-released-f${version}&arch=x86_64`),
          path: `updates/${version}/Everything/x86_64/`,
        },
      ],
      // Named by path, because the package differs between releases.
      packages: ['fedora-release', '/usr/bin/systemd-repart'],
    },
  ],
  [
    'centos-stream',
    {
      title: 'CentOS Stream',
      user: 'cloud-user',
      releases: enterpriseReleases('centos.asc', 'centos.asc'),
      repositories: (version) =>
        ENTERPRISE_REPOSITORIES.map((name) => ({
          name: name.toLowerCase(),
          list: metalink(
            `mirrors.centos.org/metalink?repo=centos-${name.toLowerCase()}-${version}-stream&arch=x86_64`,
          ),
          path: `${version}-stream/${name}/x86_64/os/`,
        })),
      packages: ['centos-stream-release', 'cloud-utils-growpart'],
    },
  ],
  [
    'rocky',
    {
      title: 'Rocky Linux',
      user: 'rocky',
      releases: enterpriseReleases('rocky-9.asc', 'rocky-10.asc'),
      repositories: (version) =>
        ENTERPRISE_REPOSITORIES.map((name) => ({
          name: name.toLowerCase(),
          list: mirrorList(`mirrors.rockylinux.org/mirrorlist?arch=x86_64&repo=${name}-${version}`),
          path: `${version}/${name}/x86_64/os/`,
        })),
      packages: ['rocky-release', 'cloud-utils-growpart'],
    },
  ],
  [
    'almalinux',
    {
      title: 'AlmaLinux',
      user: 'almalinux',
      releases: enterpriseReleases('almalinux-9.asc', 'almalinux-10.asc'),
      repositories: (version) =>
        ENTERPRISE_REPOSITORIES.map((name) => ({
          name: name.toLowerCase(),
          list: mirrorList(`mirrors.almalinux.org/mirrorlist/${version}/${name.toLowerCase()}`),
          path: `${version}/${name}/x86_64/os/`,
        })),
      packages: ['almalinux-release', 'cloud-utils-growpart'],
    },
  ],
]);

export const DNF_DISTRIBUTIONS: readonly string[] = [...DISTRIBUTIONS.keys()];

/** Looks up a release. @throws InvalidInputError for a release that cannot be built. */
export function dnfRelease(distribution: string, version: string): DnfRelease {
  const known = DISTRIBUTIONS.get(distribution);
  const release = known?.releases.get(version);
  if (known === undefined || release === undefined) {
    throw new InvalidInputError('release', `cannot build ${known?.title ?? distribution} ${version}`, {
      hint: `use one of ${[...(known?.releases.keys() ?? [])].join(', ')}`,
    });
  }
  const isNine = distribution !== 'fedora' && version === '9';
  return {
    ...{ distribution, version, title: known.title, user: known.user },
    ...release,
    repositories: known.repositories(version),
    database: isNine ? '/var/lib/rpm' : '/usr/lib/sysimage/rpm',
    platform: isNine ? 'platform:el9' : undefined,
    packages: known.packages,
  };
}

/** Packages to install first, which create the directories and links that our files are copied into. */
export const FIRST_PACKAGES = ['filesystem', 'setup', 'bash', 'coreutils'];

/** Packages to install in addition to the user's and the distribution's. */
export const BASE_PACKAGES: readonly string[] = [
  ...['systemd', 'systemd-udev', 'dbus', 'kernel-core', 'dracut', 'NetworkManager', 'iproute', 'procps-ng'],
  ...[
    'e2fsprogs',
    'ca-certificates',
    'glibc-minimal-langpack',
    'openssh-server',
    'sudo',
    'cloud-init',
    'dnf',
  ],
  // The boot loaders. grub2-mkimage is named by path, because the package differs between releases.
  ...['grub2-pc-modules', '/usr/bin/grub2-mkimage', 'grub2-efi-x64', 'shim-x64'],
];

function metalink(address: string): DnfRepository['list'] {
  return { kind: 'metalink', url: `https://${address}` };
}

function mirrorList(address: string): DnfRepository['list'] {
  return { kind: 'mirrorlist', url: `https://${address}` };
}
