/** Treatment of packets, in each direction. */
export interface Shape {
  /** Milliseconds, 0 to 600 000. */
  readonly latencyMs: number;
  /** Random variation in milliseconds, evenly distributed; packets keep their order. */
  readonly jitterMs: number;
  /** 0 to 100. */
  readonly lossPercent: number;
}

/** Packets beyond this many queued bytes are lost, as in a router with a full queue. */
export const QUEUE_BYTES = 64 * 1024 * 1024;

interface Waiting {
  readonly packet: Buffer;
  readonly due: number;
}

/** Delays the packets of one direction: each is lost, or delivered when it is due and all earlier ones are delivered. */
export class PacketDelay {
  shape: Shape;
  readonly #deliver: (packet: Buffer) => void;
  #queue: Waiting[] = [];
  #queuedBytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(shape: Shape, deliver: (packet: Buffer) => void) {
    this.shape = shape;
    this.#deliver = deliver;
  }

  push(packet: Buffer): void {
    const { latencyMs, jitterMs, lossPercent } = this.shape;
    if (Math.random() * 100 < lossPercent || this.#queuedBytes + packet.length > QUEUE_BYTES) return;
    const delay = latencyMs + jitterMs * (2 * Math.random() - 1);
    const due = Math.max(performance.now() + Math.max(delay, 0), this.#queue.at(-1)?.due ?? 0);
    this.#queue.push({ packet, due });
    this.#queuedBytes += packet.length;
    this.#deliverDue();
  }

  /** Delivers all queued packets. */
  flush(): void {
    this.#deliverUntil(Infinity);
  }

  /** Drops all queued packets. */
  close(): void {
    clearTimeout(this.#timer);
    this.#queue = [];
    this.#queuedBytes = 0;
  }

  #deliverDue(): void {
    this.#deliverUntil(performance.now());
    const [next] = this.#queue;
    if (next) this.#timer = setTimeout(() => this.#deliverDue(), Math.ceil(next.due - performance.now()));
  }

  #deliverUntil(now: number): void {
    clearTimeout(this.#timer);
    const later = this.#queue.findIndex(({ due }) => due > now);
    const ready = this.#queue.splice(0, later === -1 ? this.#queue.length : later);
    for (const { packet } of ready) {
      this.#queuedBytes -= packet.length;
      this.#deliver(packet);
    }
  }
}
