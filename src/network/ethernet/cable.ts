import { LENGTH_BYTES, type StreamFrame } from './ethernet-frame.ts';

/** Properties of a cable, in both directions; without any, frames arrive at once. */
export interface CableProperties {
  /** Delay of each frame, in milliseconds. */
  readonly latencyMs?: number | undefined;
  /** Probability of losing a frame, in millionths. */
  readonly lossPpm?: number | undefined;
  /** Bytes a second. */
  readonly bandwidth?: number | undefined;
}

const MILLION = 1_000_000;
/** Frames that are on their way: 16 MiB are 1 Gbit/s for 134 ms. */
const MOST_WAITING_BYTES = 16 * 1024 * 1024;
/** Frames that wait for the bandwidth, as in the buffer of a router. */
const MOST_BACKLOG_BYTES = 256 * 1024;

interface Waiting {
  readonly frame: StreamFrame;
  /** In milliseconds of `performance.now`. */
  readonly dueAt: number;
}

/** One direction of the cable between a card and the switch: as native/switch/frames/link.c. */
export class Cable {
  readonly #latencyMs: number;
  readonly #loss: number;
  readonly #bytesPerMs: number;
  readonly #arrive: (frame: StreamFrame) => void;
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  /** The frames so far have been sent by then. */
  #busyUntil = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param arrive takes each frame at the other end, in the order in which they were sent. */
  constructor(
    { latencyMs = 0, lossPpm = 0, bandwidth = 0 }: CableProperties,
    arrive: (frame: StreamFrame) => void,
  ) {
    this.#latencyMs = latencyMs;
    this.#loss = lossPpm / MILLION;
    this.#bytesPerMs = bandwidth === 0 ? Infinity : bandwidth / 1000;
    this.#arrive = arrive;
  }

  /** Loses the frame when too much is on its way. */
  send(frame: StreamFrame): void {
    if (this.#loss > 0 && Math.random() < this.#loss) return;
    if (this.#latencyMs === 0 && this.#bytesPerMs === Infinity) {
      this.#arrive(frame);
      return;
    }
    const now = performance.now();
    const begin = Math.max(this.#busyUntil, now);
    if (this.#waitingBytes + frame.length > MOST_WAITING_BYTES) return;
    if (begin - now > MOST_BACKLOG_BYTES / this.#bytesPerMs) return;
    this.#busyUntil = begin + (frame.length - LENGTH_BYTES) / this.#bytesPerMs;
    // Copied: a waiting frame must not keep the whole read buffer in memory.
    this.#waiting.push({ frame: Buffer.from(frame), dueAt: this.#busyUntil + this.#latencyMs });
    this.#waitingBytes += frame.length;
    this.#timer ??= this.#wakeAt(this.#busyUntil + this.#latencyMs);
  }

  /** Frames that are on their way are lost. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
  }

  #wakeAt(due: number): NodeJS.Timeout {
    // Frames do not keep the process alive.
    return setTimeout(() => this.#deliver(), Math.max(due - performance.now(), 0)).unref();
  }

  #deliver(): void {
    const now = performance.now();
    const left = this.#waiting.findIndex(({ dueAt }) => dueAt > now);
    const arrived = this.#waiting.splice(0, left === -1 ? this.#waiting.length : left);
    const [next] = this.#waiting;
    this.#timer = next && this.#wakeAt(next.dueAt);
    for (const { frame } of arrived) this.#waitingBytes -= frame.length;
    for (const { frame } of arrived) this.#arrive(frame);
  }
}
