import type { Readable } from 'node:stream';
import { type Deferred, deferred } from '../../util/time/deferred.ts';
import { lengthOf } from './http/answer-meaning.ts';
import type { HttpAnswer } from './http/http-client.ts';
import type { SocketReader } from './http/socket-reader.ts';

/** How much is buffered before `giveTo` is called. */
const KEPT_BYTES = 1024 * 1024;

/**
 * Collects an answer's content from the first moment on. An iterator would drop data that arrived right before a
 * failure.
 */
export class Incoming {
  readonly #body: Readable;
  /** Set if the content bypasses the parser. */
  readonly #reader: SocketReader | undefined;
  readonly #length: number | undefined;
  readonly #ended: Deferred<undefined> = deferred();
  #kept: Buffer[] = [];
  #take: ((chunk: Buffer) => void) | undefined;
  /** Bytes received so far. */
  received = 0;

  constructor(answer: HttpAnswer) {
    const { body } = answer;
    this.#body = body;
    this.#length = lengthOf(answer);
    this.#reader = this.#length === undefined ? undefined : answer.reader;
    // Data that the parser already has comes first; diverted data is read from the socket later.
    body.on('data', (chunk: Buffer) => this.#arrive(chunk));
    this.#reader?.divert((piece) => this.#arrive(piece));
    body.on('end', () => this.#ended.resolve(undefined));
    body.on('error', this.#ended.reject);
    // An earlier error is only in the stream.
    const onClose = (): void => this.#ended.reject(body.errored ?? new PrematureClose());
    if (body.destroyed) onClose();
    else body.on('close', onClose);
    // The error reaches the caller of `giveTo`.
    this.#ended.promise.catch(() => undefined);
  }

  /**
   * Passes on each chunk as it arrives, including those right before a failure, until the content ends.
   * @param take gets a chunk, which is valid only during the call; returns a promise to pause until it settles.
   * @throws the error of the stream or of `take`.
   */
  async giveTo(take: (chunk: Buffer) => Promise<void> | undefined): Promise<void> {
    const fail = (error: unknown): void => {
      this.#take = () => undefined;
      this.#ended.reject(error);
    };
    this.#take = (chunk) => {
      try {
        const busy = take(chunk);
        if (!busy) return;
        this.#pause();
        busy.then(() => this.#resume(), fail);
      } catch (error) {
        fail(error);
      }
    };
    this.#resume();
    for (const chunk of this.#kept) this.#take(chunk);
    this.#kept = [];
    await this.#ended.promise;
  }

  #arrive(bytes: Buffer): void {
    // Data beyond the announced length is ignored.
    const chunk = bytes.subarray(0, (this.#length ?? Infinity) - this.received);
    this.received += chunk.length;
    if (this.#take) this.#take(chunk);
    else {
      this.#kept.push(Buffer.from(chunk));
      if (this.received >= KEPT_BYTES) this.#pause();
    }
    if (this.received === this.#length) this.#ended.resolve(undefined);
  }

  #pause(): void {
    this.#body.pause();
    this.#reader?.pause();
  }

  #resume(): void {
    this.#body.resume();
    this.#reader?.resume();
  }
}

class PrematureClose extends Error {
  readonly code = 'ERR_STREAM_PREMATURE_CLOSE';
}
