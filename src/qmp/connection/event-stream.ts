import type { ReceivedEvent } from '../wire/message.ts';

/** Events an iterator holds for a reader that is slower than QEMU. */
const CAPACITY = 1024;

/**
 * One subscriber's events, in order. It is bounded: a guest in a reboot loop makes about 15 RESETs a second.
 * When it is full, the oldest event that has a later one of the same name makes room, so that a storm of one
 * name cannot push out the rare ones.
 */
export class EventStream<
  Event extends { readonly event: string } = ReceivedEvent,
> implements AsyncIterableIterator<Event, undefined> {
  readonly #buffer: Event[] = [];
  readonly #readers: ((result: IteratorResult<Event, undefined>) => void)[] = [];
  readonly #unsubscribe: () => void;
  #ended = false;
  #dropped = 0;

  constructor(unsubscribe: () => void) {
    this.#unsubscribe = unsubscribe;
  }

  /** Events that were dropped because the reader was too slow. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @internal */
  push(event: Event): void {
    if (this.#ended) return;
    const reader = this.#readers.shift();
    if (reader) {
      reader({ done: false, value: event });
      return;
    }
    this.#buffer.push(event);
    if (this.#buffer.length > CAPACITY) {
      dropLeastUseful(this.#buffer);
      this.#dropped++;
    }
  }

  /** Ends the iteration after the events that are held. @internal */
  end(): void {
    this.#ended = true;
    for (const reader of this.#readers.splice(0)) reader({ done: true, value: undefined });
  }

  async next(): Promise<IteratorResult<Event, undefined>> {
    const event = this.#buffer.shift();
    if (event) return { done: false, value: event };
    if (this.#ended) return { done: true, value: undefined };
    return new Promise((resolve) => this.#readers.push(resolve));
  }

  /** Leaving a for-await loop comes here: unsubscribes and forgets what is held. */
  async return(): Promise<IteratorResult<Event, undefined>> {
    this.#unsubscribe();
    this.#buffer.length = 0;
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Removes one event, the last one (which is new) never. */
export function dropLeastUseful(events: { readonly event: string }[]): void {
  const newest = events.at(-1)?.event;
  const sameName = events.findIndex((held) => held.event === newest);
  events.splice(sameName === events.length - 1 ? 0 : sameName, 1);
}
