import { requireProgram } from '../program.ts';
import { type RunOptions, run } from '../run.ts';

const BUSY = 1;
/** It answers in milliseconds where it does not wait for the lock. */
const ANSWER_MS = 30_000;

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
 * With us, even by SIGKILL, the descriptor goes, and the lock with it.
 * @throws MissingProgramError without util-linux, ProcessStartError, CommandFailedError, TimedOutError when flock does
 *   not answer, or the signal's reason.
 */
export async function lockDescriptor(descriptor: number, { signal, onWait }: Waiting): Promise<void> {
  // One that waits for the lock looks like one that hangs: only who has answered once is waited for.
  if (await lockFreeDescriptor(descriptor, signal)) return;
  onWait?.();
  await flock(['--exclusive'], descriptor, { signal });
}

/**
 * As `lockDescriptor`, where nobody has it.
 * @returns whether it was got.
 */
export async function lockFreeDescriptor(descriptor: number, signal?: AbortSignal): Promise<boolean> {
  const status = await flock(['--exclusive', '--nonblock'], descriptor, { signal, timeoutMs: ANSWER_MS }, [
    BUSY,
  ]);
  return status !== BUSY;
}

async function flock(
  options: readonly string[],
  descriptor: number,
  limits: Pick<RunOptions, 'signal' | 'timeoutMs'>,
  others: readonly number[] = [],
): Promise<number> {
  limits.signal?.throwIfAborted();
  const path = requireProgram('flock', 'It is part of util-linux.');
  const { exitCode } = await run([path, ...options, '3'], {
    ...limits,
    environment: {},
    descriptors: [descriptor],
    acceptedExitCodes: [0, ...others],
  });
  return exitCode;
}
