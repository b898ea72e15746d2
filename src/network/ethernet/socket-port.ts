import type { Socket } from 'node:net';
import { Cable, type CableProperties } from './cable.ts';
import { type HardwareAddress, type StreamFrame, parseHardwareAddress } from './ethernet-frame.ts';
import { takeFrames } from './socket-frames.ts';
import type { EthernetSwitch, SwitchPort } from './switch.ts';

/** Maximum number of bytes queued for a slow guest; further frames are dropped, as in any switch. */
export const QUEUE_BYTES = 1024 * 1024;

/** A machine's card, and the cable to it. */
export interface PortSettings extends CableProperties {
  /** Name of the machine. */
  readonly name: string;
  readonly mac: string;
}

/**
 * A switch port on a connected socket, with QEMU at the other end. Removes itself when the connection ends.
 */
export class SocketPort implements SwitchPort {
  readonly name: string;
  readonly card: HardwareAddress;
  readonly #socket: Socket;
  readonly #toCard: Cable;
  /** All frames of one read are sent in one write. */
  #batch: StreamFrame[] = [];
  #batchBytes = 0;

  /** @param socket belongs to the port from then on. */
  constructor(settings: PortSettings, socket: Socket, into: EthernetSwitch) {
    this.name = settings.name;
    this.card = parseHardwareAddress(settings.mac);
    this.#socket = socket;
    this.#toCard = new Cable(settings, (frame) => this.#queue(frame));
    const fromCard = new Cable(settings, (frame) => into.receive(this, frame));
    into.plugIn(this);
    takeFrames(socket, (frame) => fromCard.send(frame));
    // A dying QEMU resets the connection; only its end matters.
    socket.on('error', () => undefined);
    socket.once('end', () => socket.destroy());
    socket.once('close', () => {
      into.unplug(this);
      this.#toCard.close();
      fromCard.close();
    });
  }

  deliver(frame: StreamFrame): void {
    this.#toCard.send(frame);
  }

  /** Disconnects the port. */
  close(): void {
    this.#socket.destroy();
  }

  #queue(frame: StreamFrame): void {
    const waiting = this.#socket.writableLength + this.#batchBytes;
    if (waiting + frame.length > QUEUE_BYTES || !this.#socket.writable) return;
    if (this.#batch.length === 0) process.nextTick(() => this.#flush());
    this.#batch.push(frame);
    this.#batchBytes += frame.length;
  }

  #flush(): void {
    // Copied: a small queued frame must not keep the whole read buffer in memory.
    const bytes = Buffer.concat(this.#batch, this.#batchBytes);
    this.#batch = [];
    this.#batchBytes = 0;
    if (this.#socket.writable) this.#socket.write(bytes);
  }
}
