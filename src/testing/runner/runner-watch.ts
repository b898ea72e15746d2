import { ParentWatch } from '../../util/time/parent-watch.ts';

/**
 * Aborts when the test runner that started this process as a worker has exited: workers outlive their runner, and would
 * keep their guests as long as their tests take. Never aborts when this process is the runner itself.
 */
export class RunnerWatch implements Disposable {
  readonly signal: AbortSignal;
  readonly #parent: ParentWatch | undefined;

  constructor() {
    const gone = new AbortController();
    this.signal = gone.signal;
    if (isWorker()) this.#parent = new ParentWatch(() => gone.abort(new Error('the test runner has exited')));
  }

  [Symbol.dispose](): void {
    this.#parent?.[Symbol.dispose]();
  }
}

/** Workers of vitest and Jest have a channel to their runner; node:test sets an environment variable. */
function isWorker(): boolean {
  return process.connected || process.env['NODE_TEST_CONTEXT'] !== undefined;
}
