import { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { GuestProtocolError } from '../../errors/index.ts';
import { WINDOW } from './agent-frame.ts';

/** Credit is returned in pieces of this size, so that small reads do not each cost a frame. */
const GRANT = WINDOW / 4;

/**
 * Output of a command, or a file's contents. It is collected, up to a limit, until the stream is taken; then the reader
 * sets the pace.
 */
export class Output {
  readonly #limit: number;
  readonly #grant: (bytes: number) => void;
  #collected: Buffer[] = [];
  #size = 0;
  #truncated = false;
  #stream: Readable | undefined;
  #ended = false;
  #failure: Error | undefined;
  /** Bytes in the stream's buffer whose credit has not been returned yet. */
  #unread = 0;
  #owed = 0;
  /** Bytes that the agent may still send: unlimited data could fill our memory while nothing reads it. */
  #allowed = WINDOW;

  /** @param grant gives the sender more credit, in bytes. */
  constructor(limit: number, grant: (bytes: number) => void) {
    this.#limit = limit;
    this.#grant = grant;
  }

  get taken(): boolean {
    return this.#stream !== undefined;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get truncated(): boolean {
    return this.#truncated;
  }

  collected(): Buffer {
    return Buffer.concat(this.#collected);
  }

  /** @throws GuestProtocolError after the end, and when the agent exceeds its credit. */
  push(chunk: Buffer): void {
    if (this.#ended) throw new GuestProtocolError('the guest agent sent data after the end of the output');
    this.#allowed -= chunk.length;
    if (this.#allowed < 0)
      throw new GuestProtocolError('the guest agent sent more data than it was allowed to');
    const stream = this.#stream;
    if (!stream) {
      this.#collect(chunk);
      this.#settle(chunk.length);
    } else if (stream.destroyed) {
      // The reader has left; the command must not wait for it.
      this.#settle(chunk.length);
    } else {
      this.#unread += chunk.length;
      if (stream.push(chunk)) this.#settleUnread();
    }
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stream?.push(null);
  }

  fail(error: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = error;
    this.#stream?.destroy(error);
  }

  /** Returns the stream, which starts with the collected bytes; nothing is collected afterwards. */
  take(): Readable {
    if (this.#stream) return this.#stream;
    const stream = new Readable({
      highWaterMark: GRANT,
      read: () => this.#settleUnread(),
      destroy: (error, done) => {
        this.#settleUnread();
        done(error);
      },
    });
    // An error without a listener must not end this process; the request's promise reports it.
    stream.on('error', () => undefined);
    this.#stream = stream;
    for (const chunk of this.#collected) stream.push(chunk);
    this.#collected = [];
    if (this.#failure) stream.destroy(this.#failure);
    else if (this.#ended) stream.push(null);
    return stream;
  }

  #collect(chunk: Buffer): void {
    const kept = chunk.subarray(0, this.#limit - this.#size);
    if (kept.length < chunk.length) this.#truncated = true;
    if (kept.length === 0) return;
    this.#size += kept.length;
    this.#collected.push(kept);
  }

  #settleUnread(): void {
    this.#settle(this.#unread);
    this.#unread = 0;
  }

  #settle(bytes: number): void {
    this.#owed += bytes;
    if (this.#owed < GRANT || this.#ended) return;
    const owed = this.#owed;
    this.#owed = 0;
    this.#allowed += owed;
    this.#grant(owed);
  }
}

/** Longer lines are split, in UTF-16 code units. */
const LINE_MAX = 1024 * 1024;

/** Yields the lines of a byte stream as UTF-8, without `\n` or `\r\n`. Lines of more than 1 Mi code units are split. */
export async function* splitLines(stream: Readable): AsyncGenerator<string, void, undefined> {
  const decoder = new StringDecoder('utf8');
  let partial = '';
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const pieces = (partial + decoder.write(chunk)).split('\n');
    partial = pieces.pop() ?? '';
    for (const piece of pieces) yield withoutReturn(piece);
    if (partial.length >= LINE_MAX) {
      yield partial;
      partial = '';
    }
  }
  partial += decoder.end();
  if (partial !== '') yield withoutReturn(partial);
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
