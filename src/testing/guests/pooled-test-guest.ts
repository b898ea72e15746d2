import * as z from 'zod';
import { PoolFailedError } from '../../errors/index.ts';
import type { PooledGuest } from '../../template/pool/pooled-guest.ts';
import { parseOptions } from '../../util/options/parse-options.ts';
import type { GuestRun } from '../probes/guest-run.ts';
import type { GuestSetup } from './guest-setup.ts';
import { GuestWaits } from './guest-waits.ts';
import { type Shell, shellOf } from './shell.ts';
import { TestGuest } from './test-guest.ts';

const setupSchema = z.strictObject({
  /** Name of a running pool, as of `vmlet pool create` or `servePool`. */
  pool: z.string(),
  /** Default time limit of waits in milliseconds; 30 000 by default. */
  waitTimeoutMs: z.number().positive().optional(),
});

type PoolOptions = z.input<typeof setupSchema>;

/** A guest for tests that is taken from a pool of this user: it is as the pool's creator made it. */
export type PooledGuestSetup = Readonly<PoolOptions> & {
  // For `machines`, whose generic setups TypeScript does not check for excess properties.
  readonly [Option in Exclude<keyof GuestSetup, keyof PoolOptions>]?: undefined;
};

/** @throws InvalidInputError for options that only a guest without a pool has. */
export function checkPooledSetup(setup: PooledGuestSetup): void {
  parseOptions(setupSchema, setup);
}

/**
 * A guest under test that was taken from a pool. Its machine belongs to the pool's process: ports of the host, the
 * console, faults, alarms and failure bundles are for guests that a test forks itself. Disposing of it ends the guest.
 */
export class PooledTestGuest extends TestGuest implements AsyncDisposable {
  readonly sh: Shell;
  readonly waitFor: GuestWaits;
  /** The guest as the library gives it. */
  readonly guest: PooledGuest;

  /** @param options `signal` ends waits and scripts that have no signal of their own. */
  constructor(
    guest: PooledGuest,
    pool: string,
    options: { readonly signal?: AbortSignal | undefined; readonly waitTimeoutMs?: number | undefined } = {},
  ) {
    super();
    this.guest = guest;
    const run: GuestRun = {
      guest,
      ended: endOf(guest, pool),
      signal: options.signal,
      guard: async (work) => work,
    };
    // It rejects for waits; without one, nothing is lost.
    run.ended.catch(() => undefined);
    const current = (): GuestRun => run;
    this.sh = shellOf(current);
    this.waitFor = new GuestWaits(current, options.waitTimeoutMs);
  }

  get name(): string {
    return this.guest.name;
  }

  protected get reached(): PooledGuest {
    return this.guest;
  }

  /** Ends the guest. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.guest.close();
  }
}

/** Rejects when the guest has ended: only the pool's process knows its outcome. */
async function endOf(guest: PooledGuest, pool: string): Promise<never> {
  await guest.ended;
  throw guest.failure ?? new PoolFailedError(pool, 'the guest has ended');
}
