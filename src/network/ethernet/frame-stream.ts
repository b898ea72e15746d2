import { LENGTH_BYTES, LONGEST_FRAME, type StreamFrame } from './ethernet-frame.ts';

/** A length that no frame can have: the rest of the stream cannot be parsed. */
export class FrameStreamError extends Error {
  constructor(length: number) {
    super(`invalid frame length: ${length} bytes (limit: ${LONGEST_FRAME})`);
    this.name = new.target.name;
  }
}

/** Splits a byte stream into frames. */
export class FrameStream {
  #pieces: Buffer[] = [];
  #held = 0;
  /** Number of bytes needed before the first frame is complete, as far as it is known. */
  #needed = LENGTH_BYTES;

  /**
   * @returns the frames that are now complete, as views of the pushed chunks.
   * @throws FrameStreamError, after which the stream is unusable.
   */
  push(chunk: Buffer): StreamFrame[] {
    this.#pieces.push(chunk);
    this.#held += chunk.length;
    if (this.#held < this.#needed) return [];
    const bytes = this.#pieces.length === 1 ? chunk : Buffer.concat(this.#pieces, this.#held);
    const frames: StreamFrame[] = [];
    let begin = 0;
    for (;;) {
      this.#needed = neededAt(bytes, begin);
      if (bytes.length - begin < this.#needed) break;
      frames.push(bytes.subarray(begin, begin + this.#needed));
      begin += this.#needed;
    }
    this.#held = bytes.length - begin;
    this.#pieces = this.#held > 0 ? [bytes.subarray(begin)] : [];
    return frames;
  }
}

function neededAt(bytes: Buffer, begin: number): number {
  if (bytes.length - begin < LENGTH_BYTES) return LENGTH_BYTES;
  const length = bytes.readUInt32BE(begin);
  if (length > LONGEST_FRAME) throw new FrameStreamError(length);
  return LENGTH_BYTES + length;
}
