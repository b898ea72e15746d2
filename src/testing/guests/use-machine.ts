import type { Network } from '../../machine/network/network.ts';
import type { GuestSetup } from './guest-setup.ts';
import type { PooledGuestSetup, PooledTestGuest } from './pooled-test-guest.ts';
import { TestGuests } from './test-guests.ts';
import type { TestMachine } from './test-machine.ts';

/** A runner's information about a test; the context of node:test fits. */
export interface RunnerContext {
  readonly name: string;
  /** Name with suites; `name` if the runner does not know them. */
  readonly fullName?: string | undefined;
  readonly filePath?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Error of the test, read after the test; undefined or null when it passed. */
  readonly error?: unknown;
  /** Registers a callback for the end of the test, passed or failed. */
  after(callback: () => Promise<void>): void;
}

const guestsOfTests = new WeakMap<RunnerContext, TestGuests>();

/**
 * Gives a test of node:test its own guest, which ends with the test: `const vm = await useMachine(t)`. When the test fails,
 * a directory with information about its guests is written to `test-results/vmlet`.
 * @param t the test's context.
 * @param setup the guest; `micro` by default. With `prepare`, pass the same object in each test. With `pool`, a guest of
 *   that pool.
 * @param label label and host name of the guest, unique in the test; `vm` by default. The same label and setup return the
 *   same guest again.
 * @throws InvalidInputError for a label of a guest with another setup, and what `createTemplate` and `Template.fork` throw,
 *   or `openPool` and `NamedPool.take`.
 */
export async function useMachine(t: RunnerContext, setup?: GuestSetup, label?: string): Promise<TestMachine>;
export async function useMachine(
  t: RunnerContext,
  setup: PooledGuestSetup,
  label?: string,
): Promise<PooledTestGuest>;
export async function useMachine(
  t: RunnerContext,
  setup: GuestSetup | PooledGuestSetup = MICRO,
  label = 'vm',
): Promise<TestMachine | PooledTestGuest> {
  const guests = guestsOf(t);
  return setup.pool === undefined ? guests.fork(label, setup) : guests.take(label, setup);
}

/** Returns a private network of the test; guests join it by its label: `useMachine(t, { networks: ['lan'] })`. */
export function useNetwork(t: RunnerContext, label: string): Network {
  return guestsOf(t).network(label);
}

const MICRO: GuestSetup = {};

function guestsOf(t: RunnerContext): TestGuests {
  const known = guestsOfTests.get(t);
  if (known) return known;
  const guests = new TestGuests({
    names: [t.filePath, t.fullName ?? t.name].filter((name) => name !== undefined),
    signal: t.signal,
  });
  guestsOfTests.set(t, guests);
  t.after(async () => guests.finish(t.error ?? undefined));
  return guests;
}
