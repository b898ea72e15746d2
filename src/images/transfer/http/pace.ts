import { DownloadError } from '../../../errors/index.ts';
import { formatBytes } from '../../../util/format-bytes.ts';
import { printable } from './download-address.ts';
import type { TransferLimits } from './transfer-limits.ts';

/** Detects a server that sends too slowly. Time spent waiting for the local disk does not count. */
export class Pace implements Disposable {
  readonly #timer: NodeJS.Timeout;
  #bytes = 0;
  #windowStart = performance.now();
  #pausedMs = 0;
  #pausedSince: number | undefined;

  /**
   * @param received returns the number of bytes so far.
   * @param onSlow called once, with the error.
   */
  constructor(
    url: URL,
    received: () => number,
    { slowBytes, slowMs }: TransferLimits,
    onSlow: (error: DownloadError) => void,
  ) {
    this.#timer = setInterval(() => {
      const bytes = received();
      // Windows with long waits for the local disk are ignored.
      const wasPaused = this.#endWindow() >= slowMs / 4;
      const isSlow = bytes - this.#bytes < slowBytes && !wasPaused;
      this.#bytes = bytes;
      if (!isSlow) return;
      clearInterval(this.#timer);
      const shown = printable(url);
      const problem = `${shown}: the server is too slow (less than ${formatBytes(slowBytes)} in ${slowMs / 1000} s)`;
      onSlow(new DownloadError(shown, 'slow', problem, { hint: 'try again later, or use another mirror' }));
    }, slowMs);
  }

  /** Called before the transfer waits for the local disk. */
  pause(): void {
    this.#pausedSince = performance.now();
  }

  resume(): void {
    if (this.#pausedSince === undefined) return;
    this.#pausedMs += performance.now() - Math.max(this.#pausedSince, this.#windowStart);
    this.#pausedSince = undefined;
  }

  /** Starts a new window. @returns milliseconds of the last one that were spent waiting for the local disk. */
  #endWindow(): number {
    const now = performance.now();
    const isPaused = this.#pausedSince !== undefined;
    this.resume();
    if (isPaused) this.#pausedSince = now;
    const pausedMs = this.#pausedMs;
    this.#windowStart = now;
    this.#pausedMs = 0;
    return pausedMs;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
