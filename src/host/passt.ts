import { run } from '../process/run.ts';
import type { PasstFeatures } from './host.ts';

const PATIENCE_MS = 20_000;

/** Asks passt what it has. */
export async function probePasst(path: string, signal: AbortSignal | undefined): Promise<PasstFeatures> {
  const options = { signal, timeoutMs: PATIENCE_MS, environment: {}, acceptedExitCodes: [0, 1] };
  const [help, version] = await Promise.all([
    run([path, '--help'], options),
    run([path, '--version'], options),
  ]);
  // Releases differ in which of the two streams they print on.
  const helpText = help.stdout.toString('utf8') + help.stderr;
  const versionText = version.stdout.toString('utf8') + version.stderr;
  return {
    path,
    version: /^passt (\S+)/m.exec(versionText)?.[1],
    hasFd: /(^|\s)--fd\b/m.test(helpText),
    hasVhostUser: /(^|\s)--vhost-user\b/m.test(helpText),
  };
}
