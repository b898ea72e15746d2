import { type WebSocket, createWebSocketStream } from 'ws';
import type { LiveMachine } from '../../../machines/index.ts';
import { replayedText } from '../../output/printable.ts';

/**
 * Connects a client to the serial console, after the last lines of its log. Both sides set the pace. Old output has no
 * escape sequences but colours: a terminal would answer queries in it, and the guest would read that as input.
 */
export async function serveConsole(
  live: LiveMachine,
  socket: WebSocket,
  { lines, signal }: { readonly lines: number; readonly signal: AbortSignal },
): Promise<void> {
  const stream = createWebSocketStream(socket);
  // Its end is that of the socket, which aborts the signal.
  stream.on('error', () => undefined);
  await live.console({
    input: stream,
    output: stream,
    escape: null,
    signal,
    scrollBack: {
      lines,
      show: (bytes) => void stream.write(replayedText(bytes).replaceAll(/(?<!\r)\n/g, '\r\n')),
    },
  });
}
