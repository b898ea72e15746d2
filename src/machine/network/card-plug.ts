import type { Socket } from 'node:net';
import { MissingProgramError, ProcessStartError } from '../../errors/index.ts';
import { NO_CORE } from '../../process/confine/confine.ts';
import { supervise } from '../../process/supervise.ts';
import { Scope } from '../../util/scope.ts';
import { BackOff } from '../../util/time/back-off.ts';
import { pause } from '../../util/time/pause.ts';
import { discardFrames } from './card-link.ts';

/**
 * Hands each connection to QEMU to the switch by a new plug. When the switch or the plug is killed, the connection ends,
 * and the link makes another one.
 */
export class CardPlug implements AsyncDisposable {
  readonly #argv: readonly [string, ...string[]];
  readonly #backOff = new BackOff();
  readonly #closing = new AbortController();
  #present = new Scope();
  #last: Promise<void> = Promise.resolve();

  /** @param argv command line of the plug. */
  constructor(argv: readonly [string, ...string[]]) {
    this.#argv = argv;
  }

  /** Resolves once the connection has ended. */
  async carry(connection: Socket): Promise<void> {
    // QEMU has one connection at a time: the plug of the previous one is no longer needed.
    const [earlier, before] = [this.#present, this.#last];
    const scope = new Scope();
    this.#present = scope;
    this.#last = earlier.close().then(async () => {
      await before;
      await this.#carryAlone(connection, scope);
    });
    return this.#last;
  }

  /** Ends the plug. Frames of later connections are discarded: QEMU may end later. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#present.close();
  }

  async #carryAlone(connection: Socket, scope: Scope): Promise<void> {
    await pause(this.#backOff.leftMs, this.#closing.signal).catch(() => undefined);
    // A newer one has taken its place.
    if (connection.destroyed) return;
    if (this.#closing.signal.aborted) return discardFrames(connection);
    const startedAt = performance.now();
    try {
      const { exited } = supervise(
        this.#argv,
        { environment: {}, descriptors: [connection], confinement: NO_CORE },
        scope,
      );
      connection.destroy();
      await exited;
      this.#backOff.ended(performance.now() - startedAt);
    } catch (error) {
      // The host has no process left, or vmlet is being installed again. The link tries again.
      if (!(error instanceof ProcessStartError || error instanceof MissingProgramError)) throw error;
      connection.destroy();
      this.#backOff.ended(0);
    } finally {
      await scope.close();
    }
  }
}
