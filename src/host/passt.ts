import { CommandFailedError, TimedOutError } from '../errors.ts';
import { run } from '../process/run.ts';
import type { PasstFeatures } from './host.ts';

const PATIENCE_MS = 20_000;

/** Asks passt what it has. */
export async function probePasst(path: string, signal: AbortSignal | undefined): Promise<PasstFeatures> {
  const options = { signal, timeoutMs: PATIENCE_MS, environment: {}, acceptedExitCodes: [0, 1] };
  const [help, version, problem] = await Promise.all([
    run([path, '--help'], options),
    run([path, '--version'], options),
    findProblem(path, signal),
  ]);
  // Releases differ in which of the two streams they print on.
  const helpText = help.stdout.toString('utf8') + help.stderr;
  const versionText = version.stdout.toString('utf8') + version.stderr;
  return {
    path,
    version: /^passt (\S+)/m.exec(versionText)?.[1],
    hasFd: /(^|\s)--fd\b/m.test(helpText),
    hasVhostUser: /(^|\s)--vhost-user\b/m.test(helpText),
    problem,
  };
}

/**
 * passt locks itself up in namespaces before it does anything, which some hosts and most containers forbid. Started on
 * a connection that is at its end it does all that, and leaves.
 */
async function findProblem(path: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  const addresses = ['--ipv4-only', '--address', '192.0.2.15', '--netmask', '24', '--gateway', '192.0.2.2'];
  const ports = ['--tcp-ports', 'none', '--udp-ports', 'none'];
  const argv = [path, '--foreground', '--fd', '0', '--interface', 'lo', ...addresses, ...ports] as const;
  const options = { signal, timeoutMs: PATIENCE_MS, environment: {} };
  try {
    await run([...argv], options);
    return undefined;
  } catch (error) {
    if (!(error instanceof CommandFailedError || error instanceof TimedOutError)) throw error;
    const said = error instanceof CommandFailedError ? error.stderr.trim().split('\n').at(-1) : undefined;
    return said === undefined || said === '' ? error.message : said;
  }
}
