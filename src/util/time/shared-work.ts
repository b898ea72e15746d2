import { deferred } from './deferred.ts';
import { onAbort } from './on-abort.ts';

interface Running<T> {
  readonly result: Promise<T>;
  readonly abort: AbortController;
  callers: number;
}

/** Work of which one run serves all callers of a key that come while it runs. */
export class SharedWork<T> {
  readonly #running = new Map<string, Running<T>>();

  /**
   * Starts the work, or joins the run of an earlier caller.
   * @throws the work's error, or the signal's reason. The abort of the last caller aborts the work, and waits for its
   * end.
   */
  async join(
    key: string,
    work: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    signal?.throwIfAborted();
    const running = this.#running.get(key) ?? this.#start(key, work);
    running.callers += 1;
    if (!signal) return running.result;
    const left = deferred<never>();
    const forget = onAbort(signal, (reason) => {
      running.callers -= 1;
      if (running.callers > 0) {
        left.reject(reason);
        return;
      }
      // Later callers start again.
      this.#forget(key, running);
      running.abort.abort(reason);
    });
    try {
      return await Promise.race([running.result, left.promise]);
    } finally {
      forget();
    }
  }

  #start(key: string, work: (signal: AbortSignal) => Promise<T>): Running<T> {
    const abort = new AbortController();
    const result = work(abort.signal).finally(() => this.#forget(key, running));
    const running: Running<T> = { result, abort, callers: 0 };
    this.#running.set(key, running);
    return running;
  }

  #forget(key: string, running: Running<T>): void {
    if (this.#running.get(key) === running) this.#running.delete(key);
  }
}
