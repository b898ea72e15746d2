import { spawn } from 'node:child_process';
import { CommandFailedError } from '../../errors/index.ts';
import { withinLimits } from '../../util/time/deadline.ts';
import { closeOrphanedOutput } from '../output/orphaned-output.ts';
import { requireProgram } from '../program.ts';
import { exitOf, startProcess } from '../start-process.ts';

const BUSY = 1;
/** Without waiting for the lock, flock answers in milliseconds. */
const ANSWER_MS = 30_000;
/** Longer than any error message. */
const MOST_WORDS = 64 * 1024;

export interface Waiting {
  readonly signal?: AbortSignal | undefined;
  /** Called once when another process holds the lock. */
  readonly onWait?: (() => void) | undefined;
}

/**
 * Takes an exclusive lock (flock(2), which Node lacks) on an open file, and holds it until the file is
 * closed. Waits for the current holder without a time limit.
 *
 * Such a lock belongs to the open file and not to a process: flock(1) takes it on a descriptor of ours and
 * exits. When this process ends, even by SIGKILL, the descriptor is closed and the lock released. A process
 * that inherits the descriptor holds the lock too.
 * @throws MissingProgramError without util-linux, ProcessStartError, CommandFailedError, TimedOutError when
 * flock does not answer, or the signal's reason.
 */
export async function lockDescriptor(descriptor: number, { signal, onWait }: Waiting): Promise<void> {
  // A flock that waits for the lock cannot be told from one that hangs, so it must answer once without
  // waiting first.
  if (await lockFreeDescriptor(descriptor, signal)) return;
  onWait?.();
  // `run` ends flock with this process. Loaded on demand, only when there is a need to wait.
  const { run } = await import('../run.ts');
  await run([flockProgram(), '--exclusive', '3'], { signal, environment: {}, descriptors: [descriptor] });
}

/**
 * Like `lockDescriptor`, without waiting.
 * @param kind any number of processes hold a shared lock at once, while none holds an exclusive one.
 * @returns whether the lock was taken.
 */
export async function lockFreeDescriptor(
  descriptor: number,
  signal?: AbortSignal,
  kind: 'exclusive' | 'shared' = 'exclusive',
): Promise<boolean> {
  signal?.throwIfAborted();
  const argv = [flockProgram(), `--${kind}`, '--nonblock', '3'] as const;
  const { child } = startProcess(argv[0], () =>
    spawn(argv[0], argv.slice(1), {
      stdio: ['ignore', 'ignore', 'pipe', descriptor],
      env: {},
      // Ctrl-C in a terminal is for the process that needs the lock.
      detached: true,
    }),
  );
  closeOrphanedOutput(child);
  let words = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    if (words.length < MOST_WORDS) words += chunk.toString();
  });
  const closed = new Promise((resolve) => child.once('close', resolve));
  const exited = exitOf(child);
  const status = await withinLimits(argv[0], exited, { timeoutMs: ANSWER_MS, signal }).catch(
    async (error: unknown) => {
      child.kill('SIGKILL');
      await exited;
      throw error;
    },
  );
  if (status.exitCode === 0) return true;
  if (status.exitCode === BUSY) return false;
  await closed;
  throw new CommandFailedError(argv, status, words);
}

function flockProgram(): string {
  return requireProgram('flock', 'install util-linux');
}
