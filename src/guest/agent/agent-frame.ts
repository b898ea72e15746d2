/** Encodes and decodes the frames of agent/PROTOCOL.md, version 1. Pure. */

export const PROTOCOL_VERSION = 1;
/** Maximum payload of a frame, in bytes. */
export const PAYLOAD_MAX = 32768 - 16;
/** Bytes that a sender may send before it gets more credit. */
export const WINDOW = 256 * 1024;
/** Maximum size of a request's body over all its frames, in bytes. */
export const REQUEST_MAX = 1024 * 1024;

export const FrameType = {
  open: 1,
  hello: 2,
  ping: 3,
  pong: 4,
  request: 5,
  data: 6,
  end: 7,
  credit: 8,
  signal: 9,
  resize: 10,
  cancel: 11,
  started: 12,
  exit: 13,
  done: 14,
  failed: 15,
} as const;

/** Flag byte of a request's frames: more frames follow. */
export const FLAG_MORE = 1;

/** Flag byte of data, end and credit frames. A file's contents are stream 0. */
export const Stream = { input: 0, output: 1, error: 2, file: 0 } as const;

export interface Frame {
  readonly type: number;
  readonly flag: number;
  /** 0 for frames of the whole session. */
  readonly channel: number;
  /** A view of the bytes that were pushed to the decoder. */
  readonly payload: Buffer;
}

const HEADER_SIZE = 16;
const MAGIC = Buffer.from([0x56, 0x4d, 0x4c, 0xf7]);
const MAGIC_NUMBER = MAGIC.readUInt32LE(0);
const EMPTY = Buffer.alloc(0);

/** Returns the one's complement sum of the header's other 16-bit words (RFC 1071). */
function headerCheck(header: Buffer): number {
  let sum = 0;
  for (let offset = 0; offset < HEADER_SIZE; offset += 2) {
    if (offset !== 6) sum += header.readUInt16LE(offset);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

export function encodeHeader(type: number, flag: number, channel: number, length: number): Buffer {
  const header = Buffer.alloc(HEADER_SIZE);
  MAGIC.copy(header);
  header.writeUInt8(type, 4);
  header.writeUInt8(flag, 5);
  header.writeUInt32LE(channel, 8);
  header.writeUInt32LE(length, 12);
  header.writeUInt16LE(headerCheck(header), 6);
  return header;
}

export function encodeFrame(type: number, flag = 0, channel = 0, payload: Uint8Array = EMPTY): Buffer {
  return Buffer.concat([encodeHeader(type, flag, channel, payload.length), payload]);
}

/** Returns the payload's length for the header at `offset`, or undefined for an invalid header. */
function payloadLength(bytes: Buffer, offset: number): number | undefined {
  const header = bytes.subarray(offset, offset + HEADER_SIZE);
  if (header.readUInt32LE(0) !== MAGIC_NUMBER) return undefined;
  const length = header.readUInt32LE(12);
  return length <= PAYLOAD_MAX && header.readUInt16LE(6) === headerCheck(header) ? length : undefined;
}

/** The decoder found bytes that are neither a frame nor padding. */
export class GarbageError extends Error {}

/** Decodes frames from a byte stream, however it is split into chunks. Zero bytes between frames are padding. */
export class FrameDecoder {
  #rest: Buffer = EMPTY;

  /** @throws GarbageError for bytes that are not a frame; the decoder cannot be used afterwards. */
  *push(chunk: Buffer): Generator<Frame, void, undefined> {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let offset = 0;
    // Updated before each yield: a caller that stops early loses no byte.
    this.#rest = bytes;
    for (;;) {
      while (bytes[offset] === 0) offset += 1;
      this.#rest = bytes.subarray(offset);
      if (bytes.length - offset < HEADER_SIZE) {
        this.#refuseForeign(this.#rest);
        return;
      }
      const length = payloadLength(bytes, offset);
      if (length === undefined) throw new GarbageError('the received bytes are not a valid frame');
      const end = offset + HEADER_SIZE + length;
      if (bytes.length < end) return;
      const frame: Frame = {
        type: bytes.readUInt8(offset + 4),
        flag: bytes.readUInt8(offset + 5),
        channel: bytes.readUInt32LE(offset + 8),
        payload: bytes.subarray(offset + HEADER_SIZE, end),
      };
      offset = end;
      this.#rest = bytes.subarray(offset);
      yield frame;
    }
  }

  #refuseForeign(partial: Buffer): void {
    const known = Math.min(partial.length, MAGIC.length);
    if (!partial.subarray(0, known).equals(MAGIC.subarray(0, known))) {
      throw new GarbageError('the received bytes are not a valid frame');
    }
  }
}

/** Finds frames of one type in arbitrary bytes, such as leftovers of an earlier session or partial frames. */
export class FrameFinder {
  readonly #type: number;
  #rest: Buffer = EMPTY;

  constructor(type: number) {
    this.#type = type;
  }

  /** Returns the next such frame, or undefined when more bytes are needed. Call it without a chunk to continue. */
  find(chunk: Buffer = EMPTY): Frame | undefined {
    let bytes = chunk.length === 0 ? this.#rest : Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const at = bytes.indexOf(MAGIC);
      // The end of the buffer may be the start of the magic bytes.
      bytes = bytes.subarray(at === -1 ? Math.max(0, bytes.length - MAGIC.length + 1) : at);
      this.#rest = bytes;
      if (bytes.length < HEADER_SIZE) return undefined;
      const length = payloadLength(bytes, 0);
      if (length === undefined || bytes.readUInt8(4) !== this.#type) {
        bytes = bytes.subarray(1);
        continue;
      }
      const end = HEADER_SIZE + length;
      if (bytes.length < end) return undefined;
      this.#rest = bytes.subarray(end);
      const payload = bytes.subarray(HEADER_SIZE, end);
      return { type: this.#type, flag: bytes.readUInt8(5), channel: bytes.readUInt32LE(8), payload };
    }
  }

  /** The bytes after the last frame found. */
  get rest(): Buffer {
    return this.#rest;
  }
}
