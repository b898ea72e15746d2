import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { CommandFailedError, type ExitStatus, MissingProgramError, TimedOutError } from '../errors/index.ts';
import { onAbort } from '../util/time/on-abort.ts';
import { giveUpOrphanedOutput } from './orphaned-output.ts';
import { findProgram } from './program.ts';
import { endAtStandstill } from './standstill.ts';
import { startProcess } from './start-process.ts';
import { STANDARD_DESCRIPTORS, tether } from './confine/tether.ts';

export interface RunOptions {
  /** Bytes for the program's standard input; empty by default. */
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  /** The program's whole environment; the launcher's own by default. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Milliseconds until it is killed; none by default. */
  readonly timeoutMs?: number;
  /** Milliseconds without any sign of work after which it is killed; none by default. */
  readonly standstillMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Exit statuses that are not a failure; `[0]` by default. */
  readonly acceptedExitCodes?: readonly number[];
  /** Called with each chunk of stdout as it arrives, for progress. */
  readonly onStdout?: (chunk: Uint8Array) => void;
  /** Bytes of stdout and stderr that are kept at most, each; 64 MiB by default. */
  readonly maxBuffer?: number;
  /** The program is a file of ours, which may lie where the host executes nothing (noexec): it runs from memory then. */
  readonly evenNoexec?: boolean;
  /** More options for the vmlet-confine that becomes it, as `confine` makes them; it gains no privileges in any case. */
  readonly confinement?: readonly string[] | undefined;
}

export interface RunResult {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/**
 * Runs one program to its end. It is killed when the launcher dies, at the time limit and on abort.
 * @throws MissingProgramError, ProcessStartError, CommandFailedError, TimedOutError, StandstillError, or the signal's
 *   reason.
 */
export async function run(
  argv: readonly [string, ...string[]],
  options: RunOptions = {},
): Promise<RunResult> {
  options.signal?.throwIfAborted();
  const executable = findProgram(argv[0]);
  const inMemory = executable === undefined && options.evenNoexec === true;
  const found = inMemory ? argv[0] : executable;
  if (found === undefined) throw new MissingProgramError(argv[0]);
  const [program, ...args] = tether(
    process.pid,
    STANDARD_DESCRIPTORS,
    [found, ...argv.slice(1)],
    [...(inMemory ? ['--in-memory'] : []), ...(options.confinement ?? [])],
  );
  const { child, pid } = startProcess(argv[0], () =>
    spawn(program, args, {
      stdio: 'pipe',
      ...(options.cwd !== undefined && { cwd: options.cwd }),
      ...(options.environment && { env: { ...options.environment } }),
    }),
  );
  const kill = (): void => void child.kill('SIGKILL');
  const max = options.maxBuffer ?? 64 * 1024 * 1024;
  const stdout = collect(child.stdout, max, kill, options.onStdout);
  const stderr = collect(child.stderr, max, kill);
  // A program that does not want all of its input ends it with EPIPE; how it ends itself is what counts.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const limit = startLimit(options.timeoutMs, kill);
  const stopWaiting = options.signal && onAbort(options.signal, kill);
  const standstill =
    options.standstillMs === undefined
      ? undefined
      : endAtStandstill(argv[0], pid, options.standstillMs, kill);
  giveUpOrphanedOutput(child);
  const status = await new Promise<ExitStatus>((resolve) => {
    child.once('close', (code, name) => resolve({ exitCode: code ?? undefined, signal: name ?? undefined }));
  });
  clearTimeout(limit.timer);
  standstill?.stop();
  stopWaiting?.();
  if (status.signal !== undefined) options.signal?.throwIfAborted();
  if (limit.reached) throw new TimedOutError(argv[0], options.timeoutMs ?? 0);
  standstill?.throwIfEnded();
  const words = stderr.bytes().toString('utf8');
  if (stdout.overflowed || stderr.overflowed) {
    throw new CommandFailedError(argv, status, `it printed more than ${max} bytes`);
  }
  const { exitCode } = status;
  if (exitCode === undefined || !(options.acceptedExitCodes ?? [0]).includes(exitCode)) {
    throw new CommandFailedError(argv, status, words);
  }
  return { exitCode, stdout: stdout.bytes(), stderr: words };
}

interface Limit {
  reached: boolean;
  readonly timer: NodeJS.Timeout | undefined;
}

function startLimit(milliseconds: number | undefined, onReached: () => void): Limit {
  if (milliseconds === undefined) return { reached: false, timer: undefined };
  const limit = {
    reached: false,
    timer: setTimeout(() => {
      limit.reached = true;
      onReached();
    }, milliseconds),
  };
  return limit;
}

interface Collected {
  readonly overflowed: boolean;
  bytes(): Buffer;
}

function collect(
  stream: Readable,
  max: number,
  onOverflow: () => void,
  onChunk?: (chunk: Uint8Array) => void,
): Collected {
  const chunks: Buffer[] = [];
  let length = 0;
  stream.on('data', (chunk: Buffer) => {
    onChunk?.(chunk);
    length += chunk.length;
    if (length <= max) chunks.push(chunk);
    else onOverflow();
  });
  return {
    get overflowed() {
      return length > max;
    },
    bytes: () => Buffer.concat(chunks),
  };
}
