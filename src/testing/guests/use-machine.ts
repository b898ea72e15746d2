import type { Network } from '../../machine/network/network.ts';
import type { GuestSetup } from './guest-setup.ts';
import { TestGuests } from './test-guests.ts';
import type { TestMachine } from './test-machine.ts';

/** What a runner tells a test of itself; the context of node:test is one. */
export interface RunnerContext {
  readonly name: string;
  /** With its suites; `name` where the runner does not know. */
  readonly fullName?: string | undefined;
  readonly filePath?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What the test failed with; neither undefined nor null then. Looked at after the test. */
  readonly error?: unknown;
  /** Calls back when the test is over, whether it passed or failed. */
  after(callback: () => Promise<void>): void;
}

const guestsOfTests = new WeakMap<RunnerContext, TestGuests>();

/**
 * Gives a test of node:test a guest of its own, which ends with the test: `const vm = await useMachine(t)`. Of a test
 * that fails, a directory with all there is to know of its guests is written to `test-results/vmlet`.
 * @param t the test's context.
 * @param setup what the guest is; `micro` by default. With `prepare`, the same object in each test.
 * @param label what the guest is called, and its host name; `vm` by default. Another for each guest of a test.
 * @throws what `createTemplate` and `Template.fork` do.
 */
export async function useMachine(
  t: RunnerContext,
  setup: GuestSetup = MICRO,
  label = 'vm',
): Promise<TestMachine> {
  return guestsOf(t).fork(label, setup);
}

/** A private network of the test's, which guests are in that name it: `useMachine(t, { networks: ['lan'] })`. */
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
