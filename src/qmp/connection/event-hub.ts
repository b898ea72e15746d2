import { EventBuffer } from './event-buffer.ts';
import { EventStream } from './event-stream.ts';
import type { ReceivedEvent } from '../wire/message.ts';

type Deliver = (event: ReceivedEvent, bytes: number) => void;

interface Subscriber {
  /** Undefined for every event. */
  readonly names: ReadonlySet<string> | undefined;
  readonly deliver: Deliver;
}

/**
 * Delivers events to the subscribers at the time of their arrival.
 *
 * The backlog covers the time before the first subscription: an event without any subscriber so far is kept,
 * and goes to the first subscription that covers its name and to all others made in the same turn of the
 * event loop.
 */
export class EventHub {
  readonly #subscribers = new Set<Subscriber>();
  readonly #streams = new Set<EventStream>();
  readonly #backlog = new EventBuffer<ReceivedEvent>();
  readonly #claimedNames = new Set<string>();
  #allClaimed = false;
  #ended = false;

  /** @param bytes size of its JSON. */
  emit(event: ReceivedEvent, bytes: number): void {
    if (!this.#isClaimed(event)) this.#backlog.push(event, bytes);
    for (const subscriber of this.#subscribers) {
      if (covers(subscriber, event)) deliverSafely(subscriber.deliver, event, bytes);
    }
  }

  /** @returns a function that unsubscribes. */
  subscribe(names: readonly string[] | undefined, deliver: Deliver): () => void {
    const subscriber: Subscriber = { names: names && new Set(names), deliver };
    this.#subscribers.add(subscriber);
    for (const { event, bytes } of this.#backlog.filter((kept) => covers(subscriber, kept))) {
      // An earlier subscriber may have unsubscribed this one in response to the event.
      if (this.#subscribers.has(subscriber)) deliverSafely(deliver, event, bytes);
    }
    this.#claimAfterThisTurn(names);
    return () => void this.#subscribers.delete(subscriber);
  }

  stream(names: readonly string[] | undefined): EventStream {
    const stream: EventStream = new EventStream(() => {
      unsubscribe();
      this.#streams.delete(stream);
    });
    const unsubscribe = this.subscribe(names, (event, bytes) => stream.push(event, bytes));
    if (this.#ended) stream.end();
    else this.#streams.add(stream);
    return stream;
  }

  /**
   * The connection has ended: iterators end after their buffered events. The backlog is kept for a late
   * subscriber.
   */
  end(): void {
    this.#ended = true;
    for (const stream of this.#streams) stream.end();
    this.#streams.clear();
  }

  #claimAfterThisTurn(names: readonly string[] | undefined): void {
    if (this.#allClaimed || names?.every((name) => this.#claimedNames.has(name))) return;
    setImmediate(() => {
      if (names === undefined) this.#allClaimed = true;
      for (const name of names ?? []) this.#claimedNames.add(name);
      this.#backlog.keep((event) => !this.#isClaimed(event));
    });
  }

  #isClaimed({ event }: ReceivedEvent): boolean {
    return this.#allClaimed || this.#claimedNames.has(event);
  }
}

function covers(subscriber: Subscriber, event: ReceivedEvent): boolean {
  return subscriber.names?.has(event.event) ?? true;
}

/**
 * An exception in a listener must stop neither the other listeners nor the connection: it becomes an uncaught
 * exception.
 */
function deliverSafely(deliver: Deliver, event: ReceivedEvent, bytes: number): void {
  try {
    deliver(event, bytes);
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}
