import { invalidArchive } from './invalid-archive.ts';

/** Reads a stream of chunks by numbers of bytes. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Buffer = Buffer.alloc(0);
  /** Bytes read so far. */
  position = 0;

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** @throws GuestProtocolError if the stream ends before. */
  async exactly(size: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of this.pieces(size)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  /** Yields a number of bytes as they arrive. @throws GuestProtocolError if the stream ends before. */
  async *pieces(size: number): AsyncGenerator<Buffer> {
    for (let missing = size; missing > 0;) {
      if (!(await this.#fill())) throw invalidArchive('it is truncated');
      const piece = this.#rest.subarray(0, missing);
      this.#rest = this.#rest.subarray(piece.length);
      this.position += piece.length;
      missing -= piece.length;
      yield piece;
    }
  }

  async skip(size: number): Promise<void> {
    for await (const _ of this.pieces(size));
  }

  /** Reads to the end of the stream. @throws GuestProtocolError if that is too far. */
  async drain(most: number): Promise<void> {
    for (let read = this.#rest.length; await this.#next(); read += this.#rest.length) {
      if (read > most) throw invalidArchive('too much data follows its end marker');
    }
  }

  async #fill(): Promise<boolean> {
    while (this.#rest.length === 0) if (!(await this.#next())) return false;
    return true;
  }

  async #next(): Promise<boolean> {
    const next = await this.#chunks.next();
    if (next.done === true) return false;
    this.#rest = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    return true;
  }
}
