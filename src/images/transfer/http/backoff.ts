import { setTimeout as sleep } from 'node:timers/promises';
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

/** @throws the signal's reason. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, { signal: signal ?? undefined });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
