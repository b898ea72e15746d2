import type { Readable } from 'node:stream';

const BATCH_BYTES = 1024 * 1024;
/** From a slow server smaller batches come: what is written outlives us. */
const BATCH_MS = 250;

/** What comes on a stream, taken in batches. Reading it as an iterator would drop what came right before a failure. */
export class Incoming {
  readonly #body: Readable;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #hasEnded = false;
  /** All bytes so far. */
  received = 0;
  #failure: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(body: Readable) {
    this.#body = body;
    body.on('data', (chunk: Buffer) => {
      this.received += chunk.length;
      this.#chunks.push(chunk);
      this.#bytes += chunk.length;
      if (this.#bytes < BATCH_BYTES) return;
      body.pause();
      this.#wake();
    });
    body.on('error', (error) => {
      this.#failure ??= error;
    });
    for (const event of ['end', 'error', 'close']) {
      body.on(event, () => {
        this.#hasEnded = true;
        this.#wake();
      });
    }
    if (body.destroyed) this.#hasEnded = true;
  }

  /** Why no more came; undefined at a proper end. */
  get failure(): Error | undefined {
    return this.#failure ?? this.#body.errored ?? undefined;
  }

  /**
   * Waits for a batch, or for a while and at least so many bytes.
   * @returns whether it is the last.
   */
  async wait(leastBytes: number): Promise<boolean> {
    while (!this.#hasEnded && this.#bytes < BATCH_BYTES) {
      let timer: NodeJS.Timeout | undefined;
      const isLate = await new Promise<boolean>((resolve) => {
        this.#wake = () => resolve(false);
        timer = setTimeout(() => resolve(true), BATCH_MS);
      });
      clearTimeout(timer);
      if (isLate && this.#bytes >= leastBytes) break;
    }
    return this.#hasEnded;
  }

  take(): readonly Buffer[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#bytes = 0;
    this.#body.resume();
    return chunks;
  }

  /** Nothing more is taken. */
  stop(): void {
    this.#body.pause();
  }
}
