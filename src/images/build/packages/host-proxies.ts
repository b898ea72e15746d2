import { findProgram } from '../../../process/program.ts';
import { run } from '../../../process/run.ts';
import { plainEnvironment } from '../../../util/system/plain-environment.ts';
import { proxiesOf } from '../../packages/proxies.ts';

/** Returns the proxies of the environment, or else those of the host's apt. */
export async function hostProxies(
  signal: AbortSignal | undefined,
): Promise<Readonly<Record<string, string>>> {
  const proxies = proxiesOf(process.env);
  if (findProgram('apt-config') === undefined) return proxies;
  const { stdout } = await run(['apt-config', 'dump', '--format', '%F %v%n'], {
    environment: plainEnvironment(),
    signal,
  });
  for (const [, scheme, value] of stdout.toString('utf8').matchAll(/^Acquire::(https?)::Proxy (\S+)$/gim)) {
    // DIRECT means no proxy.
    if (scheme !== undefined && value !== undefined && value !== 'DIRECT')
      proxies[`${scheme}_proxy`] ??= value;
  }
  return proxies;
}
