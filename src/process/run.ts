import { CommandFailedError, MissingProgramError, TimedOutError, isSystemError } from '../errors.ts';
import { findProgram } from './program.ts';
import { tether } from './tether.ts';

export interface RunOptions {
  /** Bytes for the program's standard input; empty by default. */
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  /** The program's whole environment; the launcher's own by default. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Milliseconds until it is killed; none by default. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Exit statuses that are not a failure; `[0]` by default. */
  readonly acceptedExitCodes?: readonly number[];
  /** Called with each chunk of stdout as it arrives, for progress. */
  readonly onStdout?: (chunk: Uint8Array) => void;
  /** Bytes of stdout and stderr that are kept at most, each; 64 MiB by default. */
  readonly maxBuffer?: number;
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
 * @throws MissingProgramError, CommandFailedError, TimedOutError, or the signal's reason.
 */
export async function run(
  argv: readonly [string, ...string[]],
  options: RunOptions = {},
): Promise<RunResult> {
  options.signal?.throwIfAborted();
  const found = findProgram(argv[0]);
  if (found === undefined) throw new MissingProgramError(argv[0]);
  const [program, ...args] = tether(process.pid, [found, ...argv.slice(1)], options.confinement);
  // Loaded only when needed: most launches find all that they want to know in a cache.
  const { execa } = await import('execa');
  const child = execa(program, args, {
    input: options.input ?? '',
    encoding: 'buffer',
    stripFinalNewline: false,
    reject: false,
    killSignal: 'SIGKILL',
    maxBuffer: options.maxBuffer ?? 64 * 1024 * 1024,
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    ...(options.environment && { env: options.environment, extendEnv: false }),
    ...(options.timeoutMs !== undefined && { timeout: options.timeoutMs }),
    ...(options.signal && { cancelSignal: options.signal }),
  });
  if (options.onStdout) child.stdout.on('data', options.onStdout);
  const result = await child;
  const stderr = Buffer.from(result.stderr).toString('utf8');
  if (result.isCanceled) options.signal?.throwIfAborted();
  if (result.timedOut) throw new TimedOutError(argv[0], options.timeoutMs ?? 0);
  if (isSystemError(result.cause, 'ENOENT')) throw new MissingProgramError(argv[0], { cause: result.cause });
  const { exitCode, signal } = result;
  if (exitCode === undefined || !(options.acceptedExitCodes ?? [0]).includes(exitCode)) {
    throw new CommandFailedError(argv, { exitCode, signal }, stderr, { cause: result.cause });
  }
  return { exitCode, stdout: Buffer.from(result.stdout), stderr };
}
