import type { ChildProcess } from 'node:child_process';
import { ProcessStartError, isSystemError } from '../errors.ts';

/**
 * Node says in three ways that the kernel started nothing: it throws (ENOMEM), it returns a process without streams
 * (EMFILE), or one with them (EAGAIN); the last two have an event later that ends the program where nobody hears it.
 * @throws ProcessStartError. That there is such a program has been seen before.
 */
export function startProcess<T extends ChildProcess>(
  program: string,
  spawnIt: () => T,
): { readonly child: T; readonly pid: number } {
  const child = spawned(program, spawnIt);
  // Also emitted for a signal that could not be sent.
  child.on('error', () => undefined);
  const { pid } = child;
  if (pid === undefined) throw new ProcessStartError(program);
  return { child, pid };
}

function spawned<T extends ChildProcess>(program: string, spawnIt: () => T): T {
  try {
    return spawnIt();
  } catch (error) {
    if (isSystemError(error)) throw new ProcessStartError(program, { cause: error });
    throw error;
  }
}
