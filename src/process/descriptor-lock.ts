import { spawn } from 'node:child_process';
import { CommandFailedError, type ExitStatus } from '../errors.ts';
import { onAbort } from '../util/on-abort.ts';
import { requireProgram } from './program.ts';
import { startProcess } from './start-process.ts';
import { STANDARD_DESCRIPTORS, tether } from './tether.ts';

const BUSY = 1;

/**
 * Takes an exclusive lock (flock(2), of which Node has none) on an open file, and keeps it until that is closed.
 *
 * Such a lock belongs to the open file and not to a process: flock(1) takes it on a descriptor of ours, and is gone.
 * With us, even by SIGKILL, the descriptor goes, and the lock with it.
 * @param wait whether to wait for whoever has it.
 * @returns whether it was got.
 * @throws MissingProgramError without util-linux, ProcessStartError, CommandFailedError, or the signal's reason.
 */
export async function lockDescriptor(
  descriptor: number,
  { wait, signal }: { readonly wait: boolean; readonly signal?: AbortSignal | undefined },
): Promise<boolean> {
  signal?.throwIfAborted();
  const flock = requireProgram('flock', 'It is part of util-linux.');
  const argv: [string, ...string[]] = [flock, '--exclusive', ...(wait ? [] : ['--nonblock']), '3'];
  const [program, ...args] = tether(process.pid, STANDARD_DESCRIPTORS + 1, argv);
  const { child } = startProcess(flock, () =>
    spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe', descriptor], env: {} }),
  );
  let words = '';
  child.stdio[2]?.on('data', (chunk: Buffer) => (words += chunk.toString()));
  const stopWaiting = signal && onAbort(signal, () => void child.kill('SIGKILL'));
  const status = await new Promise<ExitStatus>((resolve) => {
    child.once('close', (exitCode, name) =>
      resolve({ exitCode: exitCode ?? undefined, signal: name ?? undefined }),
    );
  });
  stopWaiting?.();
  signal?.throwIfAborted();
  if (status.exitCode === 0) return true;
  if (status.exitCode === BUSY && !wait) return false;
  throw new CommandFailedError(argv, status, words);
}
