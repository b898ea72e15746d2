import { findProgram } from '../../process/program.ts';
import { run } from '../../process/run.ts';
import { plainEnvironment } from '../plain-environment.ts';
import { DEFAULT_MIRRORS, type DebianMirrors } from './debian-release.ts';

const TARGET = '$(ORIGIN)|$(LABEL)|$(REPO_URI)';

/** The mirrors that the host's own apt uses where the host is a Debian, else Debian's own. */
export async function hostMirrors(signal: AbortSignal | undefined): Promise<DebianMirrors> {
  if (findProgram('apt-get') === undefined) return DEFAULT_MIRRORS;
  const argv = ['apt-get', 'indextargets', '--format', TARGET, 'Created-By: Packages'] as const;
  const { stdout } = await run(argv, { environment: plainEnvironment(), signal });
  return mirrorsOf(stdout.toString('utf8'));
}

/** @param targets lines of apt-get indextargets, as TARGET has them. */
export function mirrorsOf(targets: string): DebianMirrors {
  const lines = targets.split('\n').map((line) => line.split('|'));
  const of = (wanted: string): string | undefined =>
    lines
      .filter(([origin, label]) => origin === 'Debian' && label === wanted)
      .map(([, , uri]) => uri?.replace(/\/+$/, ''))
      // Others, such as cdrom:, cannot be reached by the new system.
      .find((uri) => uri !== undefined && /^https?:\/\/[^\s]+$/.test(uri));
  return {
    release: of('Debian') ?? DEFAULT_MIRRORS.release,
    security: of('Debian-Security') ?? DEFAULT_MIRRORS.security,
  };
}

/** The proxies of the environment, and of the host's apt where the environment has none. */
export async function hostProxies(
  signal: AbortSignal | undefined,
): Promise<Readonly<Record<string, string>>> {
  const proxies: Record<string, string> = {};
  for (const name of ['http_proxy', 'https_proxy', 'no_proxy']) {
    const value = process.env[name] ?? process.env[name.toUpperCase()];
    if (value !== undefined && value !== '') proxies[name] = value;
  }
  if (findProgram('apt-config') === undefined) return proxies;
  const { stdout } = await run(['apt-config', 'dump', '--format', '%F %v%n'], {
    environment: plainEnvironment(),
    signal,
  });
  for (const [, scheme, value] of stdout.toString('utf8').matchAll(/^Acquire::(https?)::Proxy (\S+)$/gim)) {
    // DIRECT is apt's word for no proxy.
    if (scheme !== undefined && value !== undefined && value !== 'DIRECT')
      proxies[`${scheme}_proxy`] ??= value;
  }
  return proxies;
}
