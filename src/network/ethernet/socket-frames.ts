import type { Socket } from 'node:net';
import type { StreamFrame } from './ethernet-frame.ts';
import { FrameStream, FrameStreamError } from './frame-stream.ts';

/** Calls `take` for each frame that QEMU writes to a socket. */
export function takeFrames(socket: Socket, take: (frame: StreamFrame) => void): void {
  const stream = new FrameStream();
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const frame of stream.push(chunk)) take(frame);
    } catch (error) {
      if (!(error instanceof FrameStreamError)) throw error;
      // From a faulty QEMU, or a guest with an oversized packet. The rest of the stream cannot be parsed.
      socket.destroy();
    }
  });
}
