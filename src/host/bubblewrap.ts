import { CommandFailedError } from '../errors.ts';
import { run } from '../process/run.ts';
import type { BubblewrapFeatures } from './host.ts';

const PATIENCE_MS = 20_000;

/** Makes the namespaces that a confined QEMU would get, for a program that does nothing. */
export async function probeBubblewrap(
  path: string,
  signal: AbortSignal | undefined,
): Promise<BubblewrapFeatures> {
  const argv = [path, '--unshare-all', '--die-with-parent', '--ro-bind', '/', '/', '/bin/sh', '-c', ':'];
  try {
    await run(argv as [string, ...string[]], { signal, timeoutMs: PATIENCE_MS, environment: {} });
    return { path };
  } catch (error) {
    if (!(error instanceof CommandFailedError)) throw error;
    return { path, problem: error.stderr.trim().split('\n').at(-1) ?? error.message };
  }
}
