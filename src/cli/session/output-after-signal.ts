import type { Readable } from 'node:stream';

/** A command that was asked to end may take this long, whatever it prints. */
const GRACE_MS = 5_000;
/** After that it may print this much: the last words of an orderly end, and not a flood. */
const LAST_WORDS_BYTES = 1024 * 1024;

/** Watches what a command prints after it was asked to end: one that ignores the signal must not fill the host's disk. */
export class OutputAfterSignal {
  readonly #onFlood: () => void;
  #graceEnds = Infinity;
  #bytes = 0;

  constructor(streams: readonly Readable[], onFlood: () => void) {
    this.#onFlood = onFlood;
    for (const stream of streams) stream.on('data', (chunk: Buffer) => this.#count(chunk.length));
  }

  /** The command was asked just now. */
  begin(): void {
    this.#graceEnds = performance.now() + GRACE_MS;
  }

  #count(bytes: number): void {
    if (performance.now() < this.#graceEnds) return;
    const before = this.#bytes;
    this.#bytes += bytes;
    if (before <= LAST_WORDS_BYTES && this.#bytes > LAST_WORDS_BYTES) this.#onFlood();
  }
}
