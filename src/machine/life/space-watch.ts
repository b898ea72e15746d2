import { NoSpaceError } from '../../errors/index.ts';
import type { QmpClient } from '../../qmp/index.ts';
import { deferred } from '../../util/time/deferred.ts';
import { type OutOfSpace, describeOutOfSpace, outOfSpaceOf } from './out-of-space.ts';

/** Tracks whether a machine is paused for lack of space on the host. Ends with the monitor's connection. */
export class SpaceWatch {
  /** Rejects with a NoSpaceError when that happens for the first time; never resolves. */
  readonly failure: Promise<never>;
  readonly #listeners = new Set<(what: OutOfSpace) => void>();
  #now: OutOfSpace | undefined;

  constructor(qmp: QmpClient) {
    const { promise, reject } = deferred<never>();
    promise.catch(() => undefined);
    this.failure = promise;
    qmp.on('RESUME', () => (this.#now = undefined));
    qmp.on('BLOCK_IO_ERROR', ({ data }) => {
      const found = outOfSpaceOf(data);
      // Each failing request sends an event; the machine is paused once.
      if (!found || this.#now) return;
      this.#now = found;
      reject(
        new NoSpaceError(describeOutOfSpace(found), {
          hint: "free some space on the file system of the machine's disks; to see what vmlet uses, run: vmlet system df",
        }),
      );
      for (const listener of this.#listeners) listener(found);
    });
  }

  get now(): OutOfSpace | undefined {
    return this.#now;
  }

  /** @returns a function that unsubscribes. */
  subscribe(listener: (what: OutOfSpace) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
