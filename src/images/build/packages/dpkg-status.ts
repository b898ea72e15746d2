import type { InstalledPackage } from '../recipe/package-installer.ts';

/** Lists the installed packages in dpkg's status file. */
export function dpkgPackages(status: string): readonly InstalledPackage[] {
  return status
    .split('\n\n')
    .map((paragraph) => ({
      name: /^Package: (.+)$/m.exec(paragraph)?.[1],
      version: /^Version: (.+)$/m.exec(paragraph)?.[1],
      installed: /^Status: install ok installed$/m.test(paragraph),
    }))
    .flatMap(({ name, version, installed }) =>
      installed && name !== undefined && version !== undefined ? [{ name, version }] : [],
    )
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}
