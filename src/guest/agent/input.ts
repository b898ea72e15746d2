import { Writable } from 'node:stream';
import { GuestProtocolError } from '../../errors/index.ts';
import { PAYLOAD_MAX, WINDOW } from './agent-frame.ts';

type Done = (error?: Error | null) => void;

/** A stream into the guest that never exceeds its credit. */
export class Input {
  readonly stream: Writable;
  readonly #send: (bytes: Buffer) => void;
  #credit = WINDOW;
  #waiting: { bytes: Buffer; readonly done: Done } | undefined;
  #refused = false;

  /** @param end signals the end of the input. */
  constructor(send: (bytes: Buffer) => void, end: () => void) {
    this.#send = send;
    this.stream = new Writable({
      highWaterMark: WINDOW / 4,
      write: (chunk: Buffer, _encoding, done) => {
        this.#waiting = { bytes: chunk, done };
        this.#advance();
      },
      final: (done) => {
        if (!this.#refused) end();
        done();
      },
    });
  }

  /** @throws GuestProtocolError for more credit than a stream can have: unread data would pile up in our memory. */
  grant(bytes: number): void {
    if (bytes > WINDOW - this.#credit) {
      throw new GuestProtocolError(
        'the guest agent violated its protocol: it asked for more input than its buffer can hold',
      );
    }
    this.#credit += bytes;
    this.#advance();
  }

  /** The guest no longer reads: later writes are dropped, as a shell does for a closed pipe. */
  refuse(): void {
    this.#refused = true;
    this.#advance();
  }

  #advance(): void {
    const waiting = this.#waiting;
    if (!waiting) return;
    while (!this.#refused && waiting.bytes.length > 0 && this.#credit > 0) {
      const piece = waiting.bytes.subarray(0, Math.min(PAYLOAD_MAX, this.#credit));
      waiting.bytes = waiting.bytes.subarray(piece.length);
      this.#credit -= piece.length;
      this.#send(piece);
    }
    if (!this.#refused && waiting.bytes.length > 0) return;
    this.#waiting = undefined;
    waiting.done();
  }
}
