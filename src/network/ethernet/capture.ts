import { Readable } from 'node:stream';
import { LENGTH_BYTES, type StreamFrame } from './ethernet-frame.ts';

/** Packets that wait for a slow reader. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024;
const FILE_HEADER_BYTES = 24;
const PACKET_HEADER_BYTES = 16;
const ETHERNET = 1;
const SNAPSHOT_LENGTH = 262_144;

/** Records frames as a pcap file in microseconds, little-endian: as native/switch/clients/capture.c. */
export class Capture {
  /** The file; its end or destruction closes the capture. */
  readonly file: Readable;
  readonly #member: string | undefined;

  /** @param member name of the port whose frames are recorded; those of all by default. */
  constructor(member: string | undefined) {
    this.#member = member;
    this.file = new Readable({ read: () => undefined });
    this.file.push(fileHeader());
  }

  /** Takes a frame that came from a port, or that the switch answered it. */
  record(from: string, frame: StreamFrame): void {
    if (this.#member === undefined || this.#member === from) this.#write(frame);
  }

  /** Takes a frame that a port is sent, which has been taken from another one before. */
  recordDelivery(from: string, to: string, frame: StreamFrame): void {
    if (this.#member === to && this.#member !== from) this.#write(frame);
  }

  /** Ends the file. */
  end(): void {
    if (!this.file.destroyed) this.file.push(null);
  }

  #write(frame: StreamFrame): void {
    const length = frame.length - LENGTH_BYTES;
    const { readableLength, destroyed } = this.file;
    if (destroyed || readableLength + PACKET_HEADER_BYTES + length > MOST_WAITING_BYTES) return;
    const packet = Buffer.allocUnsafe(PACKET_HEADER_BYTES + length);
    const now = Date.now();
    packet.writeUInt32LE(Math.floor(now / 1000), 0);
    packet.writeUInt32LE((now % 1000) * 1000, 4);
    packet.writeUInt32LE(length, 8);
    packet.writeUInt32LE(length, 12);
    frame.copy(packet, PACKET_HEADER_BYTES, LENGTH_BYTES);
    this.file.push(packet);
  }
}

function fileHeader(): Buffer {
  const header = Buffer.alloc(FILE_HEADER_BYTES);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(SNAPSHOT_LENGTH, 16);
  header.writeUInt32LE(ETHERNET, 20);
  return header;
}
