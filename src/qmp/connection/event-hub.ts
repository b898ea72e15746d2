import { EventBuffer } from './event-buffer.ts';
import { EventStream } from './event-stream.ts';
import type { ReceivedEvent } from '../wire/message.ts';

type Deliver = (event: ReceivedEvent, bytes: number) => void;

interface Subscriber {
  /** Undefined means every event. */
  readonly names: ReadonlySet<string> | undefined;
  readonly deliver: Deliver;
}

/**
 * Hands events to whoever is subscribed when they arrive.
 *
 * The backlog closes the gap before the first subscription: an event whose name nobody has subscribed to yet is
 * kept, and goes to the first subscription that covers the name and to all others made in the same turn of the
 * event loop.
 */
export class EventHub {
  readonly #subscribers = new Set<Subscriber>();
  readonly #streams = new Set<EventStream>();
  readonly #backlog = new EventBuffer<ReceivedEvent>();
  readonly #claimedNames = new Set<string>();
  #allClaimed = false;
  #ended = false;

  /** @param bytes of its JSON. */
  emit(event: ReceivedEvent, bytes: number): void {
    if (!this.#isClaimed(event)) this.#backlog.push(event, bytes);
    for (const subscriber of this.#subscribers) {
      if (covers(subscriber, event)) deliverSafely(subscriber.deliver, event, bytes);
    }
  }

  /** @returns the function that unsubscribes. */
  subscribe(names: readonly string[] | undefined, deliver: Deliver): () => void {
    const subscriber: Subscriber = { names: names && new Set(names), deliver };
    this.#subscribers.add(subscriber);
    for (const { event, bytes } of this.#backlog.filter((kept) => covers(subscriber, kept))) {
      // A subscriber may be content with the first one and unsubscribe.
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

  /** The connection is over: iterators end after what they hold. The backlog stays for a late subscriber. */
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

/** A listener that throws must stop neither the other listeners nor the connection: it is an uncaught error. */
function deliverSafely(deliver: Deliver, event: ReceivedEvent, bytes: number): void {
  try {
    deliver(event, bytes);
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}
