/** Maximum number of events. */
const CAPACITY = 1024;
/** Maximum size of their JSON in bytes: a compromised QEMU could send events of any size. */
export const EVENT_BYTES = 4 * 1024 * 1024;

export interface HeldEvent<Event> {
  readonly event: Event;
  readonly bytes: number;
}

/**
 * Unread events, in order, bounded in number and bytes. When the buffer is full, it drops the oldest event
 * that is followed by another of the same name, so that a storm of one name does not push out rare events;
 * otherwise the oldest. An event that is too large on its own is not stored.
 */
export class EventBuffer<Event extends { readonly event: string }> {
  #held: HeldEvent<Event>[] = [];
  #bytes = 0;

  /** @returns the number of events that were dropped for it, itself included. */
  push(event: Event, bytes: number): number {
    if (bytes > EVENT_BYTES) return 1;
    this.#held.push({ event, bytes });
    this.#bytes += bytes;
    let dropped = 0;
    for (; this.#held.length > CAPACITY || this.#bytes > EVENT_BYTES; dropped++) this.#dropLeastUseful();
    return dropped;
  }

  shift(): Event | undefined {
    const first = this.#held.shift();
    this.#bytes -= first?.bytes ?? 0;
    return first?.event;
  }

  /** Returns the events for which `wanted` is true, without removing them. */
  filter(wanted: (event: Event) => boolean): HeldEvent<Event>[] {
    return this.#held.filter(({ event }) => wanted(event));
  }

  /** Removes all other events. */
  keep(wanted: (event: Event) => boolean): void {
    this.#held = this.filter(wanted);
    this.#bytes = this.#held.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Never drops the last event, which is new: on its own it fits. */
  #dropLeastUseful(): void {
    const newest = this.#held.at(-1)?.event.event;
    const sameName = this.#held.findIndex(({ event }) => event.event === newest);
    const [gone] = this.#held.splice(sameName === this.#held.length - 1 ? 0 : sameName, 1);
    this.#bytes -= gone?.bytes ?? 0;
  }
}
