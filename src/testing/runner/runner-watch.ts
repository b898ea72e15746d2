/** A runner that is killed tells nobody; its end shows in whose child a worker then is. */
const LOOK_MS = 500;

/**
 * Aborts when the test runner that started this process as a worker is gone, however it ended: a worker is not ended
 * with its runner, and would keep its guests as long as its tests take. Where this process is the runner itself, never.
 */
export class RunnerWatch implements Disposable {
  readonly signal: AbortSignal;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor() {
    const gone = new AbortController();
    this.signal = gone.signal;
    if (!isWorker()) return;
    const runner = process.ppid;
    this.#timer = setInterval(() => {
      if (process.ppid === runner) return;
      clearInterval(this.#timer);
      gone.abort(new Error('the test runner is gone'));
    }, LOOK_MS);
    this.#timer.unref();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** vitest's and Jest's workers have a channel to their runner; node:test says it in the environment. */
function isWorker(): boolean {
  return process.connected || process.env['NODE_TEST_CONTEXT'] !== undefined;
}
