import { once } from 'node:events';
import { Socket } from 'node:net';
import { isSystemError } from '../../errors/index.ts';
import type { Scope } from '../../util/scope.ts';
import { pause } from '../../util/time/pause.ts';

/** Carries the frames of one connection of QEMU; resolves once it has ended. */
export type Carrier = (connection: Socket) => Promise<void>;

/** Between attempts to connect to a QEMU that does not listen yet. */
const REDIAL_MS = 20;

/**
 * Links a card until the scope closes: gives each connection to the carrier, and makes another one when it has ended. QEMU
 * listens, so that it has to connect to nothing, and has one connection at a time.
 * @param path the card's socket.
 */
export function linkCard(path: string, carry: Carrier, scope: Scope): void {
  const closing = new AbortController();
  scope.defer(() => closing.abort());
  void carryAll(path, carry, closing.signal);
}

async function carryAll(path: string, carry: Carrier, closing: AbortSignal): Promise<void> {
  try {
    for (;;) {
      const connection = await dial(path, closing);
      const close = (): void => void connection.destroy();
      closing.addEventListener('abort', close, { once: true });
      if (closing.aborted) close();
      await carry(connection);
      closing.removeEventListener('abort', close);
    }
  } catch (error) {
    if (!closing.aborted) throw error;
  }
}

/**
 * Waits until QEMU listens, and returns a connection that Node does not read from.
 * @throws the signal's reason.
 */
async function dial(path: string, signal: AbortSignal): Promise<Socket> {
  for (;;) {
    const socket = new Socket();
    ignoreErrors(socket);
    socket.pause();
    try {
      socket.connect(path);
      await once(socket, 'connect', { signal });
      return socket;
    } catch (error) {
      socket.destroy();
      signal.throwIfAborted();
      if (!isSystemError(error)) throw error;
    }
    await pause(REDIAL_MS, signal);
  }
}

/** Carries the frames of a card that is in no network. */
export async function discardFrames(connection: Socket): Promise<void> {
  connection.resume();
  return endOf(connection);
}

/** Resolves when a connection is closed. */
export async function endOf(connection: Socket): Promise<void> {
  if (!connection.closed) await new Promise((resolve) => connection.once('close', resolve));
}

/** A dying QEMU resets the connection; only its end matters. */
function ignoreErrors(connection: Socket): void {
  connection.on('error', () => undefined);
}
