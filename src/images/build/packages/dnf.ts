import type { DnfRelease } from './dnf-release.ts';

/**
 * dnf.conf(5) with the repositories in it, all of it as dnf 4 and dnf 5 both read it. Whatever the host's own
 * configuration has must not be in the new system.
 * @param keyring path of the file with the key.
 */
export function dnfConfiguration(release: DnfRelease, mirror: string | undefined, keyring: string): string {
  const main = {
    gpgcheck: '1',
    install_weak_deps: '0',
    tsflags: 'nodocs',
    // What has been fetched is installed in two steps.
    keepcache: '1',
    // Those of the host's are for the host.
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

/** macros(5) of rpm: where the new system's own rpm looks for its database, and what is mounted there meanwhile. */
export function rpmMacros({ database }: Pick<DnfRelease, 'database'>): string {
  return `%_dbpath ${database}\n%_netsharedpath /dev:/proc:/sys\n`;
}
