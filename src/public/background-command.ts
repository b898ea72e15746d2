import { closeSync, openSync, readFileSync } from 'node:fs';
import { execaFor } from '../process/helper.ts';
import { Scope } from '../util/scope.ts';

/** How a command ended that was started in the background. */
export interface EndedCommand {
  readonly exitCode: number | undefined;
  /** The signal that killed it, such as `SIGKILL`. */
  readonly signal: string | undefined;
  /** Its output on stderr. */
  readonly stderr: string;
}

/**
 * Starts a program that is not ended with this process, in a session of its own, with stderr in a log file.
 * @param signal ends it, as long as it has not written to stdout.
 * @returns undefined once it has written to stdout, by which it says that it is ready; otherwise how it ended.
 * @throws ProcessStartError, the system's error for a log that cannot be written.
 */
export async function startInBackground(
  argv: readonly [string, ...string[]],
  log: string,
  signal: AbortSignal,
): Promise<EndedCommand | undefined> {
  const start = await execaFor(argv[0]);
  await using scope = new Scope();
  const openLog = (flags: string): number => {
    const descriptor = openSync(log, flags, 0o600);
    scope.defer(() => closeSync(descriptor));
    return descriptor;
  };
  const output = openLog('w');
  // `vmlet pool rm` removes the log of a pool as soon as its process has ended.
  const said = openLog('r');
  // execa's types only cover descriptors below ten.
  const stdio = ['ignore', 'pipe', output] as Parameters<typeof start>[1]['stdio'];
  const { child, ended } = start(argv, { stdio, buffer: false, detached: true });
  const onAbort = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const ready = new Promise<undefined>((resolve) => child.stdout.once('data', () => resolve(undefined)));
    const result = await Promise.race([ready, ended]);
    if (result) {
      const { exitCode, signal: killedBy } = result;
      return { exitCode, signal: killedBy, stderr: readFileSync(said, 'utf8') };
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    child.stdout.destroy();
    child.unref();
  }
  return undefined;
}
