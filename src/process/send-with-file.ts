import type { Socket } from 'node:net';
import { CommandFailedError } from '../errors/index.ts';
import { onAbort } from '../util/time/on-abort.ts';
import { Scope } from '../util/scope.ts';
import { keeperProgram } from './native/keeper-program.ts';
import { supervise } from './supervise.ts';

const LAST_LINES = 5;

/**
 * Sends a text on a connected unix socket, and with it an open file (SCM_RIGHTS in unix(7)). Node cannot: a small program
 * of ours that inherits both does.
 * @param file its descriptor, which stays the caller's.
 * @throws ProcessStartError, CommandFailedError where it was not sent, or the signal's reason.
 */
export async function sendWithFile(
  socket: Socket,
  text: string,
  file: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  await written(socket);
  await using scope = new Scope();
  const sender = supervise(
    [keeperProgram(), 'pass', text],
    { environment: {}, descriptors: [socket, file] },
    scope,
  );
  // Node takes a socket that another process inherits for that one's, and reads from it no more.
  socket.resume();
  const stopWaiting = signal && onAbort(signal, () => sender.kill('SIGKILL'));
  try {
    const status = await sender.exited;
    if (status.exitCode === 0) return;
    signal?.throwIfAborted();
    await sender.outputEnded;
    throw new CommandFailedError(sender.argv, status, sender.output.last(LAST_LINES).join('\n'));
  } finally {
    stopWaiting?.();
  }
}

/** Settles when all that was written before is on its way. What comes of a connection that has ended is told elsewhere. */
async function written(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.write('', () => resolve()));
}
