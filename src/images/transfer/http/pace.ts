import { DownloadError } from '../../../errors/index.ts';
import { formatBytes } from '../../qemu-img/disk-size.ts';
import { printable } from './address.ts';
import type { TransferLimits } from './limits.ts';

/** Watches that a server sends fast enough to ever come to an end. */
export class Pace implements Disposable {
  readonly #timer: NodeJS.Timeout;
  #bytes = 0;
  #windowStart = performance.now();
  #heldUpMs = 0;
  #heldUpSince: number | undefined;

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
    this.#timer = setInterval(() => {
      const bytes = received();
      // A window in much of which our own disk was slow says nothing of the server.
      const isHeldUp = this.#endWindow() >= slowMs / 4;
      const isSlow = bytes - this.#bytes < slowBytes && !isHeldUp;
      this.#bytes = bytes;
      if (!isSlow) return;
      clearInterval(this.#timer);
      const shown = printable(url);
      const problem = `${shown}: the server sends less than ${formatBytes(slowBytes)} in ${slowMs / 1000} s`;
      onSlow(new DownloadError(shown, 'slow', problem, { hint: 'try again later, or from another mirror' }));
    }, slowMs);
  }

  /** From now on it is our own disk that is waited for. */
  holdUp(): void {
    this.#heldUpSince = performance.now();
  }

  goOn(): void {
    if (this.#heldUpSince === undefined) return;
    this.#heldUpMs += performance.now() - Math.max(this.#heldUpSince, this.#windowStart);
    this.#heldUpSince = undefined;
  }

  /** @returns milliseconds of it that went to our own disk. */
  #endWindow(): number {
    const now = performance.now();
    const isHeldUp = this.#heldUpSince !== undefined;
    this.goOn();
    if (isHeldUp) this.#heldUpSince = now;
    const heldUpMs = this.#heldUpMs;
    this.#windowStart = now;
    this.#heldUpMs = 0;
    return heldUpMs;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
