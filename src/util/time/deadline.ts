import { TimedOutError } from '../../errors/index.ts';
import { startTimer } from './timer.ts';

export interface Limits {
  /** Milliseconds until the wait ends; no limit by default. */
  readonly timeoutMs?: number | undefined;
  /** Aborting rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Settles like `work`, or rejects when a limit is reached. It does not stop `work`; its owner must.
 * @param what names the work in the TimedOutError, as in "waiting for the guest".
 */
export async function withinLimits<T>(what: string, work: Promise<T>, limits: Limits): Promise<T> {
  const { timeoutMs, signal } = limits;
  if (timeoutMs === undefined && signal === undefined) return work;
  work.catch(() => undefined);
  signal?.throwIfAborted();
  let stopTimer: (() => void) | undefined;
  let onAbort: (() => void) | undefined;
  const limit = new Promise<never>((_, reject) => {
    if (timeoutMs !== undefined) {
      stopTimer = startTimer(timeoutMs, () => reject(new TimedOutError(what, timeoutMs)));
    }
    onAbort = () => reject(signal?.reason as Error);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    stopTimer?.();
    if (onAbort) signal?.removeEventListener('abort', onAbort);
  }
}
