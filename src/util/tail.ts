import { StringDecoder } from 'node:string_decoder';

export interface TailLimits {
  readonly lines: number;
  /** UTF-16 code units kept of a line. */
  readonly lineLength: number;
}

/** The last lines of a stream, bounded in lines and in bytes a line. */
export class Tail {
  readonly #decoder = new StringDecoder('utf8');
  readonly #lines: string[] = [];
  #partial = '';
  readonly #limits: TailLimits;

  constructor(limits: TailLimits = { lines: 200, lineLength: 4096 }) {
    this.#limits = limits;
  }

  push(chunk: Uint8Array): void {
    const pieces = (this.#partial + this.#decoder.write(Buffer.from(chunk))).split(/\r*\n/);
    this.#partial = (pieces.pop() ?? '').slice(0, this.#limits.lineLength);
    for (const piece of pieces) this.#lines.push(piece.slice(0, this.#limits.lineLength));
    if (this.#lines.length > this.#limits.lines)
      this.#lines.splice(0, this.#lines.length - this.#limits.lines);
  }

  /** The newest `count` lines, an unfinished one included. */
  last(count: number): string[] {
    const all = this.#partial === '' ? this.#lines : [...this.#lines, this.#partial];
    return all.slice(-count);
  }
}
