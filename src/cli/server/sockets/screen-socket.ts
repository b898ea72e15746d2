import { type WebSocket, createWebSocketStream } from 'ws';
import type { LiveMachine } from '../../../machines/index.ts';
import { deferred } from '../../../util/time/deferred.ts';
import { onAbort } from '../../../util/time/on-abort.ts';

/** QEMU accepts clients one at a time. */
const CONNECT_MS = 10_000;

/** Connects a client to the VNC server of QEMU. Both sides set the pace. */
export async function serveScreen(live: LiveMachine, socket: WebSocket, signal: AbortSignal): Promise<void> {
  const stream = createWebSocketStream(socket);
  // Its end is that of the socket, which aborts the signal.
  stream.on('error', () => undefined);
  const connection = await live.openScreen({ timeoutMs: CONNECT_MS, signal });
  const ended = deferred<undefined>();
  const ignoreAbort = onAbort(signal, ended.reject);
  if (signal.aborted) ended.reject(signal.reason);
  // QEMU has ended, which `close` reports too.
  connection.on('error', () => undefined);
  connection.on('close', () => ended.resolve(undefined));
  stream.pipe(connection);
  // The socket is closed with a code by its owner.
  connection.pipe(stream, { end: false });
  try {
    await ended.promise;
  } finally {
    ignoreAbort();
    connection.destroy();
  }
}
