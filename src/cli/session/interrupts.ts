import { setMaxListeners } from 'node:events';
import { SilentExit } from '../output/report-error.ts';
import { exitCodeOfSignal } from '../output/exit-code.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
export type Interruption = (typeof SIGNALS)[number];

/**
 * The first signal requests a graceful end: it calls `whenAsked` if that is set, and aborts `signal` otherwise. The
 * second signal aborts `signal`.
 */
export class Interrupts implements Disposable {
  readonly #controller = new AbortController();
  #count = 0;
  whenAsked: ((signal: Interruption) => void) | undefined;
  /** A signal has no effect while it returns true. */
  ignores: ((signal: Interruption) => boolean) | undefined;

  constructor() {
    for (const name of SIGNALS) process.on(name, this.#onSignal);
    // One listener for each machine.
    setMaxListeners(0, this.#controller.signal);
  }

  /** Aborts with a SilentExit. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Aborts `signal`, as the second signal does. */
  end(name: Interruption): void {
    this.#controller.abort(new SilentExit(exitCodeOfSignal(name)));
  }

  [Symbol.dispose](): void {
    for (const name of SIGNALS) process.off(name, this.#onSignal);
  }

  readonly #onSignal = (name: Interruption): void => {
    if (this.ignores?.(name)) return;
    this.#count += 1;
    if (this.#count === 1 && this.whenAsked) this.whenAsked(name);
    else this.end(name);
  };
}
