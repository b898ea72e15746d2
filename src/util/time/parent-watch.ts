/** A parent that is killed tells nobody; its end shows in whose child this process then is. */
const LOOK_MS = 500;

/** Calls `onGone` once, when the process that started this one has ended, in whatever way. Keeps no process alive. */
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
