import type { Readable } from 'node:stream';
import { type Deferred, deferred } from '../../util/time/deferred.ts';
import { lengthOf } from './http/answer.ts';
import type { HttpAnswer } from './http/http-client.ts';
import type { SocketReader } from './http/socket-reader.ts';

/** As much is kept for whoever will take it. */
const KEPT_BYTES = 1024 * 1024;

/**
 * What comes of an answer's content, from the first moment on. Reading it as an iterator would drop what came right
 * before a failure.
 */
export class Incoming {
  readonly #body: Readable;
  /** Where the content comes past the parser. */
  readonly #reader: SocketReader | undefined;
  readonly #length: number | undefined;
  readonly #ended: Deferred<undefined> = deferred();
  #kept: Buffer[] = [];
  #take: ((chunk: Buffer) => void) | undefined;
  /** All bytes so far. */
  received = 0;

  constructor(answer: HttpAnswer) {
    const { body } = answer;
    this.#body = body;
    this.#length = lengthOf(answer);
    this.#reader = this.#length === undefined ? undefined : answer.reader;
    // What the parser has of it already comes before what is diverted: that is read from the socket later.
    body.on('data', (chunk: Buffer) => this.#arrive(chunk));
    this.#reader?.divert((piece) => this.#arrive(piece));
    body.on('end', () => this.#ended.resolve(undefined));
    body.on('error', this.#ended.reject);
    // An error of before this is told of by the stream alone.
    const onClose = (): void => this.#ended.reject(body.errored ?? new PrematureClose());
    if (body.destroyed) onClose();
    else body.on('close', onClose);
    // Seen by whoever takes what came.
    this.#ended.promise.catch(() => undefined);
  }

  /**
   * Gives each chunk away as it comes, those before a failure too, until the content ends.
   * @param take gets a chunk that is there during the call alone; returns a promise where no more is wanted for now.
   * @throws what the stream or `take` fails with.
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
    // A server that sends more than it said is not listened to.
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
