import { CommandFailedError } from '../../errors/index.ts';
import { run } from '../../process/run.ts';

const PATIENCE_MS = 20_000;

/**
 * Returns the output of an optional program. Releases differ in the stream and in the exit status. A program that cannot
 * run, for example because a shared library is missing, is a finding, and no error for guests that do not need it.
 */
export async function printed(argv: readonly [string, ...string[]], signal: AbortSignal): Promise<string> {
  const options = { signal, timeoutMs: PATIENCE_MS, environment: {}, acceptedExitCodes: [0, 1, 2, 127] };
  try {
    const { stdout, stderr } = await run(argv, options);
    return stdout.toString('utf8') + stderr;
  } catch (error) {
    if (error instanceof CommandFailedError) return error.stderr;
    throw error;
  }
}
