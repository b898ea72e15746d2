import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aptProblem } from './apt-problem.ts';
import { hostMirrors } from './debian-mirror.ts';
import { DEFAULT_MIRRORS, debianCodename, debianSources } from './debian-release.ts';
import { dpkgPackages } from './dpkg-status.ts';
import type { InstallPlace, InstalledPackage, Installer, Release } from '../recipe/package-installer.ts';
import { mmdebstrapArguments } from './mmdebstrap.ts';
import type { SettledRecipe } from '../recipe/package-installer.ts';

const KEYRINGS = ['pgp', 'gpg'].map((ending) => `/usr/share/keyrings/debian-archive-keyring.${ending}`);

export const debian: Installer = {
  folder: 'debian',
  grubFolder: 'boot/grub',
  takesKey: false,
  needs: [
    { program: 'mmdebstrap', debian: 'mmdebstrap', fedora: 'mmdebstrap' },
    { program: KEYRINGS, debian: 'debian-archive-keyring', fedora: 'debian-keyring' },
  ],
  resolverLink: '../run/systemd/resolve/stub-resolv.conf',

  release(distribution: string, version: string): Release {
    const codename = debianCodename(version);
    return { distribution, title: 'Debian', version: codename, user: 'debian', cpu: 'x86-64' };
  },

  // Debian policy 5.6.1. With a trailing minus apt would remove the package.
  isPackageName: (name: string) => /^[a-z0-9][a-z0-9+.-]*[a-z0-9+.]$/.test(name),

  async command(recipe: SettledRecipe, { work, root, signal }: InstallPlace): Promise<[string, ...string[]]> {
    const sources = join(work, 'debian.sources');
    const mirrors =
      recipe.mirror === undefined
        ? await hostMirrors(signal)
        : { release: recipe.mirror, security: DEFAULT_MIRRORS.security };
    const keyring = KEYRINGS.find((path) => existsSync(path)) ?? '';
    await writeFile(sources, debianSources(recipe.release.version, mirrors, keyring));
    return mmdebstrapArguments(recipe, sources, root);
  },

  problemOf: aptProblem,

  async installedPackages(root: string): Promise<readonly InstalledPackage[]> {
    return dpkgPackages(await readFile(join(root, 'var/lib/dpkg/status'), 'utf8'));
  },
};
