import type { Socket } from 'node:net';
import type { StreamFrame } from './frame.ts';
import { FrameStream, FrameStreamError } from './frame-stream.ts';

/** Gives away each frame that QEMU writes into a socket. */
export function takeFrames(socket: Socket, take: (frame: StreamFrame) => void): void {
  const stream = new FrameStream();
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const frame of stream.push(chunk)) take(frame);
    } catch (error) {
      if (!(error instanceof FrameStreamError)) throw error;
      // Only a broken QEMU writes such a thing, and its stream cannot be followed any further.
      socket.destroy();
    }
  });
}
