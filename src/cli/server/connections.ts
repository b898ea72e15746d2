import type { Duplex } from 'node:stream';
import { deferred } from '../../util/time/deferred.ts';
import { startTimer } from '../../util/time/timer.ts';

/** The open connections of a server, which is idle after a time without any. */
export class Connections {
  readonly open = new Set<Duplex>();
  /** Settles when the server has been idle for long enough; rejects when its socket fails. */
  readonly idle: Promise<void>;
  readonly #idleMs: number | undefined;
  readonly #isBusy: () => boolean;
  readonly #wentIdle = deferred<undefined>();
  #stopTimer: (() => void) | undefined;
  #isStopped = false;

  /** @param isBusy true while other work prevents it from being idle; `restart` is called when that ends. */
  constructor(idleMs: number | undefined, isBusy: () => boolean = () => false) {
    this.#idleMs = idleMs;
    this.#isBusy = isBusy;
    this.idle = this.#wentIdle.promise;
    // It may fail before anything waits for it.
    this.idle.catch(() => undefined);
    this.restart();
  }

  add(connection: Duplex): void {
    this.open.add(connection);
    this.#stopTimer?.();
    connection.once('close', () => {
      this.open.delete(connection);
      this.restart();
    });
  }

  /** Restarts the timer, or stops it while the server is in use. */
  restart(): void {
    this.#stopTimer?.();
    if (this.#idleMs === undefined || this.#isStopped || this.open.size > 0 || this.#isBusy()) return;
    this.#stopTimer = startTimer(this.#idleMs, () => this.#wentIdle.resolve(undefined));
  }

  /** Reports an error of the listening socket, which may accept nothing more. */
  fail(error: Error): void {
    this.#wentIdle.reject(error);
  }

  /** Stops the timer permanently. */
  stop(): void {
    this.#isStopped = true;
    this.#stopTimer?.();
  }
}
