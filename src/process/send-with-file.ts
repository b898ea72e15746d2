import type { Socket } from 'node:net';
import { CommandFailedError } from '../errors/index.ts';
import { onAbort } from '../util/time/on-abort.ts';
import { Scope } from '../util/scope.ts';
import { keeperProgram } from './native/keeper-program.ts';
import { supervise } from './supervise.ts';

const LAST_LINES = 5;

/**
 * Sends a text and an open file (SCM_RIGHTS in unix(7)) on a connected unix socket. Node cannot do that, so a
 * small program of ours that inherits both does.
 * @param file its descriptor, which stays with the caller.
 * @throws ProcessStartError, CommandFailedError if it was not sent, or the signal's reason.
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
  // Node stops reading from a socket that another process inherits.
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

/**
 * Resolves when all earlier data was passed to the kernel. Errors of a closed connection are reported
 * elsewhere.
 */
async function written(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.write('', () => resolve()));
}
