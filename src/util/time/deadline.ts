import { TimedOutError } from '../../errors/index.ts';
import { deferred } from './deferred.ts';
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
  const limit = deferred<never>();
  const onAbort = () => limit.reject(signal?.reason);
  const stopTimer =
    timeoutMs === undefined
      ? undefined
      : startTimer(timeoutMs, () => limit.reject(new TimedOutError(what, timeoutMs)));
  signal?.addEventListener('abort', onAbort);
  try {
    return await Promise.race([work, limit.promise]);
  } finally {
    stopTimer?.();
    signal?.removeEventListener('abort', onAbort);
  }
}
