import type { WebSocket } from 'ws';
import { describeError } from '../answers/described-error.ts';

/** More is not queued for a client that does not read. */
export const MOST_UNSENT = 1024 * 1024;
const INTERNAL_ERROR = 1011;
const NORMAL = 1000;

export function sendMessage(socket: WebSocket, message: object): void {
  socket.send(JSON.stringify(message));
}

/** Ends a connection because of an error, which is sent to the client first. */
export function endWithError(socket: WebSocket, error: unknown): void {
  sendMessage(socket, { error: describeError(error) });
  socket.close(INTERNAL_ERROR);
}

export function endNormally(socket: WebSocket): void {
  socket.close(NORMAL);
}

/** Aborts when the connection ends. */
export function closeSignal(socket: WebSocket, until: AbortSignal): AbortSignal {
  const closed = new AbortController();
  socket.once('close', () => closed.abort(new Error('the client has disconnected')));
  return AbortSignal.any([closed.signal, until]);
}
