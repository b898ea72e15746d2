import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readPublisherKey } from '../../record/build-files.ts';
import { dnfConfiguration, rpmMacros } from './dnf.ts';
import { dnfProblem } from './dnf-problem.ts';
import { BASE_PACKAGES, FIRST_PACKAGES, dnfRelease } from './dnf-release.ts';
import {
  BUILD_FOLDER,
  type InstallPlace,
  type InstalledPackage,
  type Installer,
} from '../recipe/package-installer.ts';
import type { SettledRecipe } from '../recipe/package-installer.ts';

/** Fedora and its relatives. */
export const fedora: Installer = {
  folder: 'fedora',
  grubFolder: 'boot/grub2',
  needs: [
    { program: 'dnf', debian: 'dnf', fedora: 'dnf' },
    { program: 'rpm', debian: 'rpm', fedora: 'rpm' },
  ],
  takesKey: true,
  // NetworkManager writes the file.
  resolverLink: undefined,

  release: dnfRelease,

  isPackageName: (name: string) => /^[A-Za-z0-9_][A-Za-z0-9._+-]*$/.test(name),

  async command(recipe: SettledRecipe, { work, files, root }: InstallPlace): Promise<[string, ...string[]]> {
    const release = dnfRelease(recipe.release.distribution, recipe.release.version);
    const place = join(work, 'dnf');
    const home = join(place, 'home');
    // `repos` stays empty: it hides the host's repositories.
    for (const path of ['repos', 'home/.config/rpm']) await mkdir(join(place, path), { recursive: true });
    const keyring = join(place, 'key.asc');
    await writeFile(keyring, recipe.key ?? (await readPublisherKey(release.key)));
    await writeFile(join(place, 'dnf.conf'), dnfConfiguration(release, recipe.mirror, keyring));
    // Which of the two is read depends on the version of rpm.
    for (const path of ['.rpmmacros', '.config/rpm/macros'])
      await writeFile(join(home, path), rpmMacros(release));
    return [
      'sh',
      join(files, BUILD_FOLDER, 'install-system'),
      ...[place, root, release.version, String(recipe.scripts.length), FIRST_PACKAGES.join(' ')],
      ...[...BASE_PACKAGES, ...release.packages, ...recipe.include],
    ];
  },

  problemOf: dnfProblem,

  async installedPackages(root: string): Promise<readonly InstalledPackage[]> {
    return rpmPackages(await readFile(join(root, BUILD_FOLDER, 'packages'), 'utf8'));
  },
};

/** @param list the output of rpm in install-system. */
function rpmPackages(list: string): readonly InstalledPackage[] {
  return (
    list
      .split('\n')
      .map((line) => line.split(' '))
      .flatMap(([name, version]) => (name !== undefined && version !== undefined ? [{ name, version }] : []))
      // rpm lists trusted keys as packages.
      .filter(({ name }) => name !== 'gpg-pubkey')
      .sort((one, other) => (one.name < other.name ? -1 : 1))
  );
}
