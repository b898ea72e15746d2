import { DownloadError } from '../../errors.ts';
import { formatBytes } from '../disk-size.ts';
import { printable } from './address.ts';
import type { TransferLimits } from './limits.ts';

/** Watches that a server sends fast enough to ever come to an end. */
export class Pace implements Disposable {
  readonly #timer: NodeJS.Timeout;
  readonly #windowMs: number;
  #bytes = 0;
  #wasHeldUp = false;

  /**
   * @param received tells all bytes so far.
   * @param onSlow called once, with the error.
   */
  constructor(
    url: URL,
    received: () => number,
    { slowBytes, slowMs }: TransferLimits,
    onSlow: (error: DownloadError) => void,
  ) {
    this.#windowMs = slowMs;
    this.#timer = setInterval(() => {
      const bytes = received();
      const isSlow = bytes - this.#bytes < slowBytes && !this.#wasHeldUp;
      this.#bytes = bytes;
      this.#wasHeldUp = false;
      if (!isSlow) return;
      clearInterval(this.#timer);
      const shown = printable(url);
      const problem = `${shown}: the server sends less than ${formatBytes(slowBytes)} in ${slowMs / 1000} s`;
      onSlow(new DownloadError(shown, 'slow', problem, { hint: 'try again later, or from another mirror' }));
    }, slowMs);
  }

  /** Waits for our own disk. A window in much of which that was slow says nothing of the server. */
  async heldUpBy(work: Promise<unknown>): Promise<void> {
    const before = this.#wasHeldUp;
    const began = performance.now();
    this.#wasHeldUp = true;
    await work;
    if (performance.now() - began < this.#windowMs / 4) this.#wasHeldUp = before;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
