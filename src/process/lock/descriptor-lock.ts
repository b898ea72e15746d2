import { spawn } from 'node:child_process';
import { CommandFailedError } from '../../errors/index.ts';
import { withinLimits } from '../../util/time/deadline.ts';
import { giveUpOrphanedOutput } from '../orphaned-output.ts';
import { requireProgram } from '../program.ts';
import { exitOf, startProcess } from '../start-process.ts';

const BUSY = 1;
/** It answers in milliseconds where it does not wait for the lock. */
const ANSWER_MS = 30_000;
/** Longer than any reason. */
const MOST_WORDS = 64 * 1024;

export interface Waiting {
  readonly signal?: AbortSignal | undefined;
  /** Called once when somebody else has it. */
  readonly onWait?: (() => void) | undefined;
}

/**
 * Takes an exclusive lock (flock(2), of which Node has none) on an open file, and keeps it until that is closed. Waits
 * for whoever has it, as long as that takes.
 *
 * Such a lock belongs to the open file and not to a process: flock(1) takes it on a descriptor of ours, and is gone.
 * With us, even by SIGKILL, the descriptor goes, and the lock with it; a process that inherits the descriptor has the
 * lock too.
 * @throws MissingProgramError without util-linux, ProcessStartError, CommandFailedError, TimedOutError when flock does
 *   not answer, or the signal's reason.
 */
export async function lockDescriptor(descriptor: number, { signal, onWait }: Waiting): Promise<void> {
  // One that waits for the lock looks like one that hangs: only who has answered once is waited for.
  if (await lockFreeDescriptor(descriptor, signal)) return;
  onWait?.();
  // It ends with us also where we are killed, and is loaded by those alone who have to wait.
  const { run } = await import('../run.ts');
  await run([flockProgram(), '--exclusive', '3'], { signal, environment: {}, descriptors: [descriptor] });
}

/**
 * As `lockDescriptor`, where nobody has it.
 * @returns whether it was got.
 */
export async function lockFreeDescriptor(descriptor: number, signal?: AbortSignal): Promise<boolean> {
  signal?.throwIfAborted();
  const argv = [flockProgram(), '--exclusive', '--nonblock', '3'] as const;
  const { child } = startProcess(argv[0], () =>
    spawn(argv[0], argv.slice(1), {
      stdio: ['ignore', 'ignore', 'pipe', descriptor],
      env: {},
      // Ctrl-C in a terminal is for the one who wants the lock.
      detached: true,
    }),
  );
  giveUpOrphanedOutput(child);
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
  return requireProgram('flock', 'It is part of util-linux.');
}
