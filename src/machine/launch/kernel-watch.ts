import { deferred } from '../../util/time/deferred.ts';
import { Tail } from '../../process/output/tail.ts';
import { isLastOfKernel } from '../life/dead-kernel.ts';
import { deadKernelError } from '../life/launch-failure.ts';
import type { StartedMachine } from './started-machine.ts';

const LINE_LENGTH = 4096;

/**
 * Watches the console of a booting guest for a kernel panic, after which the agent cannot start. Stops when
 * disposed of.
 */
export class KernelWatch implements Disposable {
  /** Rejects with a LaunchError; never resolves. */
  readonly failure: Promise<never>;
  readonly #forget: () => void;

  constructor({ console, life, plan }: Pick<StartedMachine, 'console' | 'life' | 'plan'>) {
    const { promise, reject } = deferred<never>();
    this.failure = promise;
    promise.catch(() => undefined);
    const look = (lines: readonly string[]): void => {
      if (lines.some(isLastOfKernel)) reject(deadKernelError({ console, life, plan }));
    };
    const coming = new Tail({ lines: 1, lineLength: LINE_LENGTH });
    this.#forget = console.onOutput((chunk) => look(coming.push(chunk)));
    look(console.last(Infinity));
  }

  [Symbol.dispose](): void {
    this.#forget();
  }
}
