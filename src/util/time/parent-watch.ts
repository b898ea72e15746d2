/** The death of a parent is not signalled; it shows as a change of the parent process ID. */
const LOOK_MS = 500;

/**
 * Calls `onGone` once when the process that started this one has ended, for any reason. Does not keep the
 * process alive.
 */
export class ParentWatch implements Disposable {
  readonly #timer: NodeJS.Timeout;

  constructor(onGone: () => void) {
    const parent = process.ppid;
    this.#timer = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(this.#timer);
      onGone();
    }, LOOK_MS);
    this.#timer.unref();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
