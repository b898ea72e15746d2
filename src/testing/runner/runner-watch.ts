import { ParentWatch } from '../../util/time/parent-watch.ts';

/**
 * Aborts when the test runner that started this process as a worker is gone, however it ended: a worker is not ended
 * with its runner, and would keep its guests as long as its tests take. Where this process is the runner itself, never.
 */
export class RunnerWatch implements Disposable {
  readonly signal: AbortSignal;
  readonly #parent: ParentWatch | undefined;

  constructor() {
    const gone = new AbortController();
    this.signal = gone.signal;
    if (isWorker()) this.#parent = new ParentWatch(() => gone.abort(new Error('the test runner is gone')));
  }

  [Symbol.dispose](): void {
    this.#parent?.[Symbol.dispose]();
  }
}

/** vitest's and Jest's workers have a channel to their runner; node:test says it in the environment. */
function isWorker(): boolean {
  return process.connected || process.env['NODE_TEST_CONTEXT'] !== undefined;
}
