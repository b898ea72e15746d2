import type { TransferLimits } from './transfer-limits.ts';

/** Counts attempts without progress, and computes increasing delays between them. */
export class Backoff {
  readonly #limits: TransferLimits;
  #failures = 0;

  constructor(limits: TransferLimits) {
    this.#limits = limits;
  }

  /** Called after an attempt that made progress. */
  reset(): void {
    this.#failures = 0;
  }

  /**
   * @param afterMs the delay that the server requests.
   * @returns milliseconds until the next attempt; undefined to give up.
   */
  next(afterMs: number | undefined): number | undefined {
    this.#failures++;
    const { attempts, backoffMs, backoffMaxMs } = this.#limits;
    if (this.#failures >= attempts || (afterMs ?? 0) > backoffMaxMs) return undefined;
    return afterMs ?? Math.min(backoffMaxMs, backoffMs * 2 ** (this.#failures - 1));
  }
}
