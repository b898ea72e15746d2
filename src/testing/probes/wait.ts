import { setTimeout as delay } from 'node:timers/promises';
import { InvalidInputError, MachineEndedError, WaitTimedOutError } from '../../errors/index.ts';
import { describeOutcome } from '../../machine/life/outcome.ts';
import type { RunningMachine } from '../../machine/running/running-machine.ts';
import { onAbort } from '../../util/time/on-abort.ts';

const DEFAULT_TIMEOUT_MS = 30_000;
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 1000;
/** The longest pause is also this share of the time that has gone by, so that a long wait costs the guest little. */
const PAUSE_SHARE = 0.1;

export interface WaitOptions {
  /** Milliseconds until the wait is given up; the machine's `waitTimeoutMs`, 30 000 unless told otherwise, by default. */
  readonly timeoutMs?: number | undefined;
  /** Aborting rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What one look saw: what was waited for, or words for what is there instead. */
export type Sight<T> = { readonly found: T } | { readonly seen: string };

/**
 * Looks once. A look that throws ends the wait. It is given up when `signal` aborts; `saw` keeps words for where it is
 * then, for looks that take long.
 */
export type Look<T> = (signal: AbortSignal, saw: (words: string) => void) => Promise<Sight<T>>;

/**
 * Looks again and again, often at first and then less often, until a look finds what is waited for.
 * @param awaited as in `port 80 to listen in the guest`.
 * @throws WaitTimedOutError with what the last look saw, MachineEndedError at once when the machine ends, what the
 *   look threw, or the signal's reason.
 */
export async function waitUntil<T>(
  machine: RunningMachine,
  awaited: string,
  look: Look<T>,
  { timeoutMs = DEFAULT_TIMEOUT_MS, signal }: WaitOptions = {},
): Promise<T> {
  checkTimeout(timeoutMs);
  signal?.throwIfAborted();
  const caller = new Error('where the wait began');
  const over = new AbortController();
  const begin = performance.now();
  const elapsed = (): number => performance.now() - begin;
  let attempts = 0;
  let lastSeen = 'nothing yet';
  const timer = setTimeout(() => over.abort(timedOut()), timeoutMs);
  const timedOut = (): WaitTimedOutError =>
    new WaitTimedOutError(awaited, { lastSeen, attempts, elapsedMs: elapsed() });
  const stopListening = signal && onAbort(signal, (reason) => over.abort(reason));
  const end = machine.ended.then((outcome): never => {
    throw new MachineEndedError(`${describeOutcome(outcome)}, while the test waited for ${awaited}`, outcome);
  });
  const givenUp = rejection(over.signal);
  // Either may come when nobody listens any more.
  for (const one of [end, givenUp]) one.catch(() => undefined);
  try {
    for (;;) {
      attempts++;
      const looked = look(over.signal, (words) => (lastSeen = words));
      // What is given up with the wait may fail afterwards.
      looked.catch(() => undefined);
      const sight = await Promise.race([looked, end, givenUp]);
      if ('found' in sight) return sight.found;
      lastSeen = sight.seen;
      const pause = delay(pauseAfter(attempts, elapsed()), undefined, { signal: over.signal });
      pause.catch(() => undefined);
      await Promise.race([pause, end, givenUp]);
    }
  } catch (error) {
    // The agent's connection may be lost a moment before the machine's end is known, and tells less of it.
    const reason =
      over.signal.aborted || !(error instanceof MachineEndedError) ? error : await end.catch(same);
    throw reason instanceof WaitTimedOutError ? withStackOf(caller, reason) : reason;
  } finally {
    over.abort(new Error('the wait is over'));
    clearTimeout(timer);
    stopListening?.();
  }
}

/** A timer's own stack does not lead to the line of the test that waited. */
function withStackOf(caller: Error, error: Error): Error {
  const frames = caller.stack?.split('\n').filter((line) => line.startsWith('    at ')) ?? [];
  error.stack = [`${error.name}: ${error.message}`, ...frames].join('\n');
  return error;
}

function pauseAfter(attempts: number, elapsedMs: number): number {
  return Math.min(
    FIRST_PAUSE_MS * 1.5 ** (attempts - 1),
    Math.max(FIRST_PAUSE_MS, elapsedMs * PAUSE_SHARE),
    LONGEST_PAUSE_MS,
  );
}

async function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

function same(error: unknown): unknown {
  return error;
}

function checkTimeout(timeoutMs: number): void {
  if (Number.isFinite(timeoutMs) && timeoutMs > 0 && timeoutMs < 2 ** 31) return;
  throw new InvalidInputError('timeoutMs', `is ${timeoutMs}; it must be milliseconds above 0`);
}
