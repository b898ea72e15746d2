/** Events that are held at most. */
const CAPACITY = 1024;
/** Bytes of their JSON at most: a QEMU that was taken over makes events of any size. */
export const EVENT_BYTES = 4 * 1024 * 1024;

export interface HeldEvent<Event> {
  readonly event: Event;
  readonly bytes: number;
}

/**
 * Events that nobody has read yet, in order, bounded by their number and their bytes. Where there is no room, the oldest
 * event that has a later one of the same name makes room, so that a storm of one name cannot push out the rare ones; else
 * the oldest. An event that has no room alone is not held.
 */
export class EventBuffer<Event extends { readonly event: string }> {
  #held: HeldEvent<Event>[] = [];
  #bytes = 0;

  /** @returns how many events were dropped for it, itself included. */
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

  /** Those for which `wanted` is true; they stay. */
  filter(wanted: (event: Event) => boolean): HeldEvent<Event>[] {
    return this.#held.filter(({ event }) => wanted(event));
  }

  /** Forgets the others. */
  keep(wanted: (event: Event) => boolean): void {
    this.#held = this.filter(wanted);
    this.#bytes = this.#held.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The last one, which is new, never goes: alone it has room. */
  #dropLeastUseful(): void {
    const newest = this.#held.at(-1)?.event.event;
    const sameName = this.#held.findIndex(({ event }) => event.event === newest);
    const [gone] = this.#held.splice(sameName === this.#held.length - 1 ? 0 : sameName, 1);
    this.#bytes -= gone?.bytes ?? 0;
  }
}
