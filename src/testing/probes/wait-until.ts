import { InvalidInputError, MachineEndedError, WaitTimedOutError } from '../../errors/index.ts';
import { describeOutcome } from '../../machine/life/outcome.ts';
import { onAbort } from '../../util/time/on-abort.ts';
import { pause } from '../../util/time/pause.ts';
import type { GuestRun } from './guest-run.ts';

const DEFAULT_TIMEOUT_MS = 30_000;
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 1000;
/** The pause is at most this share of the elapsed time, so that a long wait costs the guest little. */
const PAUSE_SHARE = 0.1;

/** Options of a wait. */
export interface WaitOptions {
  /** Time limit in milliseconds; by default the machine's `waitTimeoutMs`, 30 000 unless set. */
  readonly timeoutMs?: number | undefined;
  /** An abort rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Result of one check: the value found, or a description of what is there instead. */
export type Sight<T> = { readonly found: T } | { readonly seen: string };

/**
 * Checks once. An error ends the wait. The check is abandoned when `signal` aborts; `saw` records the state so far, for
 * checks that take long.
 */
export type Look<T> = (signal: AbortSignal, saw: (words: string) => void) => Promise<Sight<T>>;

/**
 * Repeats a check, often at first and less often later, until it succeeds.
 * @param awaited such as `port 80 to listen in the guest`.
 * @throws WaitTimedOutError with the last observation, MachineEndedError as soon as the machine ends, an error of the
 *   check, or the signal's reason.
 */
export async function waitUntil<T>(
  run: Pick<GuestRun, 'ended'>,
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
  const end = run.ended.then((outcome): never => {
    throw new MachineEndedError(`${describeOutcome(outcome)} while the test waited for ${awaited}`, outcome);
  });
  const givenUp = rejection(over.signal);
  // Either may reject when nothing awaits it any more.
  for (const one of [end, givenUp]) one.catch(() => undefined);
  try {
    for (;;) {
      attempts++;
      const looked = look(over.signal, (words) => (lastSeen = words));
      // A check that was abandoned with the wait may still fail.
      looked.catch(() => undefined);
      const sight = await Promise.race([looked, end, givenUp]);
      if ('found' in sight) return sight.found;
      lastSeen = sight.seen;
      const rest = pause(pauseAfter(attempts, elapsed()), over.signal);
      rest.catch(() => undefined);
      await Promise.race([rest, end, givenUp]);
    }
  } catch (error) {
    // The agent's connection may be lost just before the machine's end is noticed, and its error says less.
    const reason =
      over.signal.aborted || !(error instanceof MachineEndedError) ? error : await end.catch(same);
    throw reason instanceof WaitTimedOutError ? withStackOf(caller, reason) : reason;
  } finally {
    over.abort(new Error('the wait is over'));
    clearTimeout(timer);
    stopListening?.();
  }
}

/** Replaces a timer's stack, which does not lead to the line of the test that waited. */
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
  throw new InvalidInputError(
    'timeoutMs',
    `invalid time limit ${timeoutMs}: expected milliseconds, above 0 and below 2^31`,
  );
}
