import { setTimeout as delay } from 'node:timers/promises';

const LOOK_EVERY_MS = 20;
const PATIENCE_MS = 300_000;

/** Repeats until there is an answer. @throws Error after five minutes, or the signal’s reason. */
export async function until<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  signal?: AbortSignal,
): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    signal?.throwIfAborted();
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await delay(LOOK_EVERY_MS);
  }
  throw new Error(`what was waited for did not come: ${look.toString()}`);
}
