import type { Socket } from 'node:net';
import type { StreamFrame } from './frame.ts';
import { takeFrames } from './socket-frames.ts';
import type { EthernetSwitch, SwitchPort } from './switch.ts';

/** Bytes that wait for a guest that is slow to take them; what comes on top of that is lost, as in any switch. */
export const QUEUE_BYTES = 1024 * 1024;

/** A port whose wire is a connected socket, at the other side of which is QEMU. Unplugs itself when that ends. */
export class SocketPort implements SwitchPort {
  readonly name: string;
  readonly #socket: Socket;
  /** All that one read has brought goes out in one write. */
  #batch: StreamFrame[] = [];
  #batchBytes = 0;

  /** @param socket is the port's from then on. */
  constructor(name: string, socket: Socket, into: EthernetSwitch) {
    this.name = name;
    this.#socket = socket;
    into.plugIn(this);
    takeFrames(socket, (frame) => into.receive(this, frame));
    // A connection that is reset as QEMU dies; its end is what counts.
    socket.on('error', () => undefined);
    socket.once('end', () => socket.destroy());
    socket.once('close', () => into.unplug(this));
  }

  deliver(frame: StreamFrame): void {
    const waiting = this.#socket.writableLength + this.#batchBytes;
    if (waiting + frame.length > QUEUE_BYTES || !this.#socket.writable) return;
    if (this.#batch.length === 0) process.nextTick(() => this.#flush());
    this.#batch.push(frame);
    this.#batchBytes += frame.length;
  }

  /** Pulls the plug. */
  close(): void {
    this.#socket.destroy();
  }

  #flush(): void {
    // Copied: a small frame that waits must not hold all that was read together with it.
    const bytes = Buffer.concat(this.#batch, this.#batchBytes);
    this.#batch = [];
    this.#batchBytes = 0;
    if (this.#socket.writable) this.#socket.write(bytes);
  }
}
