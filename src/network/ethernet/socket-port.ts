import type { Socket } from 'node:net';
import type { StreamFrame } from './frame.ts';
import { takeFrames } from './socket-frames.ts';
import type { EthernetSwitch, SwitchPort } from './switch.ts';

/** Maximum number of bytes queued for a slow guest; further frames are dropped, as in any switch. */
export const QUEUE_BYTES = 1024 * 1024;

/**
 * A switch port on a connected socket, with QEMU at the other end. Removes itself when the connection ends.
 */
export class SocketPort implements SwitchPort {
  readonly name: string;
  readonly #socket: Socket;
  /** All frames of one read are sent in one write. */
  #batch: StreamFrame[] = [];
  #batchBytes = 0;

  /** @param socket belongs to the port from then on. */
  constructor(name: string, socket: Socket, into: EthernetSwitch) {
    this.name = name;
    this.#socket = socket;
    into.plugIn(this);
    takeFrames(socket, (frame) => into.receive(this, frame));
    // A dying QEMU resets the connection; only its end matters.
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

  /** Disconnects the port. */
  close(): void {
    this.#socket.destroy();
  }

  #flush(): void {
    // Copied: a small queued frame must not keep the whole read buffer in memory.
    const bytes = Buffer.concat(this.#batch, this.#batchBytes);
    this.#batch = [];
    this.#batchBytes = 0;
    if (this.#socket.writable) this.#socket.write(bytes);
  }
}
