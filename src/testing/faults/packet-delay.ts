/** What happens to packets on their way, in each direction. */
export interface Shape {
  /** Milliseconds, 0 to 600 000. */
  readonly latencyMs: number;
  /** Milliseconds more or less, at random, evenly; packets stay in their order. */
  readonly jitterMs: number;
  /** 0 to 100. */
  readonly lossPercent: number;
}

/** Packets beyond these bytes on their way are lost, as in a router whose queue is full. */
export const QUEUE_BYTES = 64 * 1024 * 1024;

interface Waiting {
  readonly packet: Buffer;
  readonly due: number;
}

/** Packets of one direction: each is lost, or comes out once its time has come and all before it are out. */
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

  /** Lets everything out that waits. */
  flush(): void {
    this.#deliverUntil(Infinity);
  }

  /** Loses everything that waits. */
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
