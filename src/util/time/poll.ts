import type { Limits } from './deadline.ts';
import { pause } from './pause.ts';

export interface PollOptions extends Limits {
  /** Milliseconds between two looks. */
  readonly everyMs: number;
}

/**
 * Waits until the condition holds, which nothing announces.
 * @returns false if it does not hold within `timeoutMs`.
 * @throws the signal's reason, at a pause.
 */
export async function poll(
  condition: () => boolean,
  { everyMs, timeoutMs = Number.POSITIVE_INFINITY, signal }: PollOptions,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() >= deadline) return false;
    await pause(everyMs, signal);
  }
  return true;
}
