import { basePackages } from './debian-release.ts';
import { BUILD_FOLDER, FILES_VARIABLE } from '../recipe/package-installer.ts';
import type { SettledRecipe } from '../recipe/package-installer.ts';

/**
 * Excludes manuals and translations, but not copyrights, nor the manuals' directories, which some packages require.
 */
const DPKG_OPTIONS = [
  'path-exclude=/usr/share/man/*/*',
  'path-exclude=/usr/share/locale/*/*',
  'path-exclude=/usr/share/doc/*/*',
  'path-include=/usr/share/doc/*/copyright',
];

/**
 * Returns mmdebstrap's command line. The hooks get the directory of the new system as "$1".
 * @param sources a file in the format of sources.list(5).
 */
export function mmdebstrapArguments(
  { release, include, scripts }: SettledRecipe,
  sources: string,
  directory: string,
): [string, ...string[]] {
  const inSystem = (script: string): string => `--customize-hook=chroot "$1" sh /${BUILD_FOLDER}/${script}`;
  return [
    'mmdebstrap',
    // Its other modes create namespaces like ours, but ours have to last longer.
    ...['--mode=root', '--format=directory', '--variant=minbase', '--skip=check/empty'],
    `--include=${[...basePackages(release.version, include), ...include].join(',')}`,
    ...DPKG_OPTIONS.map((option) => `--dpkgopt=${option}`),
    // Copied before the packages that read them are installed, and owned by root.
    `--essential-hook=umask 022 && cp -r --no-preserve=all -- "$${FILES_VARIABLE}/." "$1"`,
    // Debian 12's systemd-resolved has replaced the copy of the host's file by a link to its own.
    '--customize-hook=rm -f "$1/etc/resolv.conf" && cat /etc/resolv.conf >"$1/etc/resolv.conf"',
    inSystem('make-boot-loaders'),
    inSystem('configure'),
    ...scripts.map((_, index) => inSystem(`run-script ${index}`)),
    release.version,
    directory,
    sources,
  ];
}
