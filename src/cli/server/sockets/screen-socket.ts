import { connect } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { type WebSocket, createWebSocketStream } from 'ws';
import { ConnectError, MissingDeviceError, isSystemError } from '../../../errors/index.ts';
import type { LiveMachine } from '../../../machines/index.ts';

/** Connects a client to the VNC server of QEMU. Both sides set the pace. */
export async function serveScreen(live: LiveMachine, socket: WebSocket, signal: AbortSignal): Promise<void> {
  const { vncSocket } = live.plan();
  if (vncSocket === undefined) {
    throw new MissingDeviceError('display', `${live.name} has no screen`, {
      hint: `use its serial console: vmlet console ${live.name}`,
    });
  }
  const stream = createWebSocketStream(socket);
  const connection = connect(vncSocket);
  try {
    await pipeline(stream, connection, stream, { signal });
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ECONNREFUSED')) {
      throw new ConnectError(vncSocket, 'its QEMU does not listen', { cause: error });
    }
    // Either side has ended.
    if (!signal.aborted && !isSystemError(error) && !isPrematureClose(error)) throw error;
  } finally {
    connection.destroy();
  }
}

function isPrematureClose(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}
