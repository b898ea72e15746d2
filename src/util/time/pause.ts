import { setTimeout as delay } from 'node:timers/promises';

/** @throws the signal's reason, instead of the AbortError of Node's own wait. */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(milliseconds, undefined, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
