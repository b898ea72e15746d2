import type { Readable } from 'node:stream';
import { CommandFailedError, TimedOutError } from '../errors/index.ts';
import { type HelperOptions, startHelper } from './helper.ts';
import { closeOrphanedOutput } from './output/orphaned-output.ts';
import { endAtStandstill } from './standstill.ts';

export interface RunOptions extends Omit<HelperOptions, 'input'> {
  /** Bytes for the program's standard input; empty by default. */
  readonly input?: string | Uint8Array;
  /** Milliseconds until it is killed; no limit by default. */
  readonly timeoutMs?: number;
  /** Milliseconds without any sign of activity after which it is killed; no limit by default. */
  readonly standstillMs?: number;
  /** Exit statuses that count as success; `[0]` by default. */
  readonly acceptedExitCodes?: readonly number[];
  /** Called with each chunk of stdout as it arrives, for progress. */
  readonly onStdout?: (chunk: Uint8Array) => void;
  /** Maximum number of bytes kept of stdout and of stderr; 64 MiB by default. */
  readonly maxBuffer?: number;
}

export interface RunResult {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/**
 * Runs one program to its end. It is killed when the launcher dies, at the time limit and on abort.
 * @throws MissingProgramError, ProcessStartError, CommandFailedError, TimedOutError, StandstillError, or the
 * signal's reason.
 */
export async function run(
  argv: readonly [string, ...string[]],
  options: RunOptions = {},
): Promise<RunResult> {
  const { input = '', timeoutMs, standstillMs, maxBuffer = 64 * 1024 * 1024, ...helper } = options;
  const { child, pid, ended } = await startHelper(argv, helper, {
    input,
    maxBuffer,
    ...(timeoutMs !== undefined && { timeout: timeoutMs }),
  });
  const kill = (): void => void child.kill('SIGKILL');
  const stdout = watch(child.stdout, maxBuffer, kill, options.onStdout);
  const stderr = watch(child.stderr, maxBuffer, kill);
  const standstill =
    standstillMs === undefined ? undefined : endAtStandstill(argv[0], pid, standstillMs, kill);
  closeOrphanedOutput(child);
  const result = await ended;
  standstill?.stop();
  const { exitCode } = result;
  const status = { exitCode, signal: result.signal };
  if (status.signal !== undefined) options.signal?.throwIfAborted();
  if (result.timedOut) throw new TimedOutError(argv[0], timeoutMs ?? 0);
  standstill?.throwIfEnded();
  if (stdout.overflowed || stderr.overflowed) {
    throw new CommandFailedError(argv, status, `its output exceeded vmlet's limit of ${maxBuffer} bytes`);
  }
  const words = Buffer.from(result.stderr).toString('utf8');
  if (exitCode === undefined || !(options.acceptedExitCodes ?? [0]).includes(exitCode)) {
    throw new CommandFailedError(argv, status, words);
  }
  return { exitCode, stdout: Buffer.from(result.stdout), stderr: words };
}

/** When the output exceeds the limit, execa only closes it, and the program may not notice. */
function watch(
  stream: Readable,
  max: number,
  onOverflow: () => void,
  onChunk?: (chunk: Uint8Array) => void,
): { readonly overflowed: boolean } {
  let length = 0;
  stream.on('data', (chunk: Buffer) => {
    onChunk?.(chunk);
    length += chunk.length;
    if (length > max) onOverflow();
  });
  return {
    get overflowed() {
      return length > max;
    },
  };
}
