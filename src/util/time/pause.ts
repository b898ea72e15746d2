import { setTimeout as delay } from 'node:timers/promises';

/** @throws the signal's reason; Node's own wait has an AbortError in its place. */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(milliseconds, undefined, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
