import type { ChildProcess } from 'node:child_process';
import { type ExitStatus, ProcessStartError, isSystemError } from '../errors/index.ts';

/** Node types the streams as always there. */
type Started = Pick<ChildProcess, 'pid' | 'on'> & { readonly stdio?: ChildProcess['stdio'] };

/**
 * Node says in three ways that the kernel started nothing: it throws (ENOMEM), it returns a process without streams
 * (EMFILE), or one with them (EAGAIN), which may never have been opened (EACCES of a socket pair, where a security
 * module refuses it). The last two have events later, of the process and of such streams, that end the program where
 * nobody hears them.
 * @throws ProcessStartError. That there is such a program has been seen before.
 */
export function startProcess<T extends Started>(
  program: string,
  spawnIt: () => T,
): { readonly child: T; readonly pid: number } {
  const child = spawned(program, spawnIt);
  // Also emitted for a signal that could not be sent.
  child.on('error', () => undefined);
  const { pid } = child;
  if (pid === undefined) {
    for (const stream of child.stdio ?? []) stream?.on('error', () => undefined);
    throw new ProcessStartError(program);
  }
  return { child, pid };
}

/** How a process ends; never rejects. */
export async function exitOf(child: Pick<ChildProcess, 'once'>): Promise<ExitStatus> {
  return new Promise((resolve) => {
    child.once('exit', (exitCode, signal) =>
      resolve({ exitCode: exitCode ?? undefined, signal: signal ?? undefined }),
    );
  });
}

function spawned<T>(program: string, spawnIt: () => T): T {
  try {
    return spawnIt();
  } catch (error) {
    if (isSystemError(error)) throw new ProcessStartError(program, { cause: error });
    throw error;
  }
}
