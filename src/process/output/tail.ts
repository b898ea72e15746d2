import { StringDecoder } from 'node:string_decoder';

export interface TailLimits {
  readonly lines: number;
  /** Number of UTF-16 code units kept of a line. */
  readonly lineLength: number;
}

/** The last lines of a stream, bounded in number and in length. */
export class Tail {
  readonly #decoder = new StringDecoder('utf8');
  readonly #lines: string[] = [];
  #partial = '';
  readonly #limits: TailLimits;

  constructor(limits: TailLimits = { lines: 200, lineLength: 4096 }) {
    this.#limits = limits;
  }

  /** @returns the lines completed by this chunk, including those that are not kept. */
  push(chunk: Uint8Array): string[] {
    const pieces = (this.#partial + this.#decoder.write(Buffer.from(chunk))).split(/\r*\n/);
    this.#partial = (pieces.pop() ?? '').slice(0, this.#limits.lineLength);
    const whole = pieces.map((piece) => piece.slice(0, this.#limits.lineLength));
    this.#lines.push(...whole);
    // A negative number removes nothing.
    this.#lines.splice(0, this.#lines.length - this.#limits.lines);
    return whole;
  }

  /** The current incomplete line; empty if there is none. */
  get unfinished(): string {
    return this.#partial;
  }

  /** The newest `count` lines, including an incomplete one. */
  last(count: number): string[] {
    const all = this.#partial === '' ? this.#lines : [...this.#lines, this.#partial];
    return count > 0 ? all.slice(-count) : [];
  }
}
