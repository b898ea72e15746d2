import type { ReceivedEvent } from '../wire/message.ts';
import { EventBuffer } from './event-buffer.ts';

/**
 * One subscriber's events, in order. Bounded, because a guest in a reboot loop causes about 15 RESETs a
 * second.
 */
export class EventStream<
  Event extends { readonly event: string } = ReceivedEvent,
> implements AsyncIterableIterator<Event, undefined> {
  readonly #buffer = new EventBuffer<Event>();
  readonly #readers: ((result: IteratorResult<Event, undefined>) => void)[] = [];
  readonly #unsubscribe: () => void;
  #ended = false;
  #dropped = 0;

  constructor(unsubscribe: () => void) {
    this.#unsubscribe = unsubscribe;
  }

  /** Number of events that were dropped because the reader was too slow or they were too large. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @param bytes size of its JSON. @internal */
  push(event: Event, bytes: number): void {
    if (this.#ended) return;
    const reader = this.#readers.shift();
    if (reader) {
      reader({ done: false, value: event });
      return;
    }
    this.#dropped += this.#buffer.push(event, bytes);
  }

  /** Ends the iteration after the buffered events. @internal */
  end(): void {
    this.#ended = true;
    for (const reader of this.#readers.splice(0)) reader({ done: true, value: undefined });
  }

  /** Resolves with the next event, or with the end of the stream. */
  async next(): Promise<IteratorResult<Event, undefined>> {
    const event = this.#buffer.shift();
    if (event) return { done: false, value: event };
    if (this.#ended) return { done: true, value: undefined };
    return new Promise((resolve) => this.#readers.push(resolve));
  }

  /** Called when a for-await loop is left: unsubscribes and discards the buffered events. */
  async return(): Promise<IteratorResult<Event, undefined>> {
    this.#unsubscribe();
    this.#buffer.keep(() => false);
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Returns the stream itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }
}
