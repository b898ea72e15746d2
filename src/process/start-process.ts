import type { ChildProcess } from 'node:child_process';
import { type ExitStatus, ProcessStartError, isSystemError } from '../errors/index.ts';

/** Node's types declare the streams as always present. */
type Started = Pick<ChildProcess, 'pid' | 'on'> & { readonly stdio?: ChildProcess['stdio'] };

/**
 * Node reports a failed start in three ways: it throws (ENOMEM), it returns a process without streams
 * (EMFILE), or one with streams (EAGAIN), which may never have been opened (EACCES of a socket pair that a
 * security module denies). The last two emit later error events, on the process and on such streams, that end
 * our process if unhandled.
 * @throws ProcessStartError. The caller has already checked that the program exists.
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

/** Resolves with the exit status of a process; never rejects. */
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
