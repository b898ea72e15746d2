import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { TestRunner } from 'vitest';

const LOOK_EVERY_MS = 10;
const PATIENCE_MS = 300_000;
/** Vitest's own error at the limit does not say what the test waited for. */
const SHARE_OF_LIMIT = 0.9;
/** Also after that: what a failed test releases may have to wait. */
const LEAST_SHARE = 0.05;
/** Tests may fake the clocks. */
const clock = { now: performance.now.bind(performance), date: Date.now };

/** Options of {@link until}. */
export interface UntilOptions {
  /** The words of the error; by default the source of the check. */
  readonly awaited?: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Repeats a check until there is an answer.
 * @throws Error shortly before the test’s time limit, or after five minutes in hooks and concurrent tests, or the
 * signal’s reason.
 */
export async function until<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  { awaited, signal }: UntilOptions = {},
): Promise<T> {
  const left = timeLeft();
  const begin = clock.now();
  for (;;) {
    signal?.throwIfAborted();
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (clock.now() - begin > left) throw new Error(`still waiting until ${awaited ?? look.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/**
 * Returns a promise that the test awaits only later. If the code before that fails, the rejection would belong to no test,
 * which fails the whole run.
 */
export function awaitedLater<T extends PromiseLike<unknown>>(promise: T): T {
  // The later await gets the reason.
  promise.then(undefined, () => undefined);
  return promise;
}

/** Settles like `work`, or resolves to `late` after this time. It does not end `work`. */
export async function inTime<T, Late>(work: Promise<T>, timeoutMs: number, late: Late): Promise<T | Late> {
  const cancel = new AbortController();
  // It is cancelled, usually.
  const timer = awaitedLater(delay(timeoutMs, late, { signal: cancel.signal }));
  try {
    return await Promise.race([work, timer]);
  } finally {
    cancel.abort();
  }
}

function timeLeft(): number {
  const test = TestRunner.getCurrentTest();
  // In hooks of a test it has passed or failed. Of concurrent tests, the current one may be another; 0 is no limit.
  if (test?.result?.state !== 'run' || test.concurrent || !test.timeout) return PATIENCE_MS;
  const begun = test.result.startTime ?? clock.date();
  return Math.max(begun + test.timeout * SHARE_OF_LIMIT - clock.date(), test.timeout * LEAST_SHARE);
}

/** Waits until a program accepts connections on a unix socket, which exists before that. */
export async function untilListening(path: string): Promise<void> {
  await until(
    async () =>
      new Promise<boolean>((resolve) => {
        const connection = connect(path, () => {
          connection.destroy();
          resolve(true);
        });
        connection.once('error', () => resolve(false));
      }),
    { awaited: `a program listens on ${path}` },
  );
}
