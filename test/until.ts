import { TestRunner } from 'vitest';

const LOOK_EVERY_MS = 10;
const PATIENCE_MS = 300_000;
/** Vitest's own error at the limit does not say what the test waited for. */
const SHARE_OF_LIMIT = 0.9;

/** Options of {@link until}. */
export interface UntilOptions {
  /** The words of the error; by default the source of the check. */
  readonly awaited?: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Repeats a check until there is an answer.
 * @throws Error shortly before the test’s time limit, or after five minutes outside a test, or the signal’s reason.
 */
export async function until<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  { awaited, signal }: UntilOptions = {},
): Promise<T> {
  const left = timeLeft();
  const begin = performance.now();
  for (;;) {
    signal?.throwIfAborted();
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() - begin > left)
      throw new Error(`still waiting until ${awaited ?? look.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

function timeLeft(): number {
  const test = TestRunner.getCurrentTest();
  if (!test) return PATIENCE_MS;
  const begun = test.result?.startTime ?? Date.now();
  return begun + test.timeout * SHARE_OF_LIMIT - Date.now();
}
