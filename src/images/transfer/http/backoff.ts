import type { TransferLimits } from './limits.ts';

/** Counts attempts that get no further, and waits between them, longer each time. */
export class Backoff {
  readonly #limits: TransferLimits;
  #failures = 0;

  constructor(limits: TransferLimits) {
    this.#limits = limits;
  }

  /** An attempt got further than those before. */
  reset(): void {
    this.#failures = 0;
  }

  /**
   * @param afterMs what the server asks for.
   * @returns milliseconds until the next attempt; undefined when there is none.
   */
  next(afterMs: number | undefined): number | undefined {
    this.#failures++;
    const { attempts, backoffMs, backoffMaxMs } = this.#limits;
    if (this.#failures >= attempts || (afterMs ?? 0) > backoffMaxMs) return undefined;
    return afterMs ?? Math.min(backoffMaxMs, backoffMs * 2 ** (this.#failures - 1));
  }
}
