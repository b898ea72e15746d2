/** A program that lives shorter is considered broken. */
const SHORT_LIFE_MS = 1000;
const FIRST_DELAY_MS = 100;
const LAST_DELAY_MS = 5000;

/** The delay before a program that has ended is started again, as in native/keeper/qemu/service.c. */
export class BackOff {
  readonly #now: () => number;
  #delayMs = 0;
  #notBefore = 0;

  /** @param now in milliseconds; for tests. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Milliseconds to wait before the next start. */
  get leftMs(): number {
    return Math.max(0, this.#notBefore - this.#now());
  }

  /** @param livedMs 0 for a program that could not be started. */
  ended(livedMs: number): void {
    this.#delayMs =
      livedMs >= SHORT_LIFE_MS ? 0 : Math.min(Math.max(2 * this.#delayMs, FIRST_DELAY_MS), LAST_DELAY_MS);
    this.#notBefore = this.#now() + this.#delayMs;
  }
}
