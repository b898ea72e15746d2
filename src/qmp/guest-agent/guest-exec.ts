import { InvalidInputError, TimedOutError } from '../../errors/index.ts';
import type { Limits } from '../../util/time/deadline.ts';
import type { GuestAgentClient } from './guest-agent.ts';
import { pause } from '../../util/time/pause.ts';

/** Options of `guestExec`. */
export interface GuestExecOptions extends Limits {
  /** NAME=value; the agent's own environment by default. */
  readonly environment?: readonly string[] | undefined;
  readonly input?: Uint8Array | undefined;
}

/** Result of a command that QEMU's agent ran. */
export interface GuestExecResult {
  /** Undefined when it was killed by a signal. */
  readonly exitCode: number | undefined;
  /** The signal's number. */
  readonly signal: number | undefined;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** The agent keeps 16 MiB of each stream; the rest is lost. */
  readonly stdoutTruncated: boolean;
  readonly stderrTruncated: boolean;
}

const FIRST_POLL_MS = 5;
const LAST_POLL_MS = 200;

/**
 * Runs a program in the guest to its end. The agent sends no notification and cannot kill a program: this
 * polls, and after a timeout or abort the program keeps running. A background child that holds stdout open
 * counts as the program.
 * @throws the errors of `execute`; QmpRefusedError when the program cannot be started.
 */
export async function guestExec(
  client: GuestAgentClient,
  argv: readonly [string, ...string[]],
  options: GuestExecOptions = {},
): Promise<GuestExecResult> {
  const { environment, input, timeoutMs, signal } = options;
  const [path, ...arg] = argv;
  if (path === '') throw new InvalidInputError('argv', 'missing program');
  const deadline = timeoutMs === undefined ? Infinity : Date.now() + timeoutMs;
  const { pid } = await client.execute(
    'guest-exec',
    {
      path,
      arg,
      env: environment,
      'input-data': input && Buffer.from(input).toString('base64'),
      'capture-output': true,
    },
    { timeoutMs, signal },
  );
  for (let interval = FIRST_POLL_MS; ; interval = Math.min(interval * 2, LAST_POLL_MS)) {
    const status = await client.execute('guest-exec-status', { pid }, { signal });
    if (status.exited) {
      return {
        exitCode: status.exitcode,
        signal: status.signal,
        stdout: Buffer.from(status['out-data'] ?? '', 'base64'),
        stderr: Buffer.from(status['err-data'] ?? '', 'base64'),
        stdoutTruncated: status['out-truncated'] ?? false,
        stderrTruncated: status['err-truncated'] ?? false,
      };
    }
    if (Date.now() >= deadline) throw new TimedOutError(path, timeoutMs ?? 0);
    await pause(interval, signal);
  }
}
