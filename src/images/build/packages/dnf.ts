import type { DnfRelease } from './dnf-release.ts';

/**
 * Returns dnf.conf(5) with the repositories, for dnf 4 and 5. Nothing of the host's configuration may affect the new
 * system.
 * @param keyring path of the file with the key.
 */
export function dnfConfiguration(release: DnfRelease, mirror: string | undefined, keyring: string): string {
  const main = {
    gpgcheck: '1',
    install_weak_deps: '0',
    tsflags: 'nodocs',
    // The fetched packages are installed in two steps.
    keepcache: '1',
    // The host's plugins must not run.
    plugins: '0',
    ...(release.platform !== undefined && { module_platform_id: release.platform }),
  };
  const repositories = release.repositories.map(({ name, list, path }) =>
    section(name, {
      name: `${release.title} ${release.version} ${name}`,
      ...(mirror === undefined ? { [list.kind]: list.url } : { baseurl: `${mirror}/${path}` }),
      gpgkey: `file://${keyring}`,
    }),
  );
  return [section('main', main), ...repositories].join('\n');
}

function section(name: string, values: Readonly<Record<string, string>>): string {
  return [`[${name}]`, ...Object.entries(values).map(([key, value]) => `${key}=${value}`), ''].join('\n');
}

/** Returns rpm's macros: the database directory of the new system's rpm, and the paths that are mounted meanwhile. */
export function rpmMacros({ database }: Pick<DnfRelease, 'database'>): string {
  return `%_dbpath ${database}\n%_netsharedpath /dev:/proc:/sys\n`;
}
