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
  const known = guestsOfTests.get(t);
  const guests = known ?? guestsFor(t);
  return guests.fork(label, setup);
}

const MICRO: GuestSetup = {};

function guestsFor(t: RunnerContext): TestGuests {
  const guests = new TestGuests({
    names: [t.filePath, t.fullName ?? t.name].filter((name) => name !== undefined),
    signal: t.signal,
  });
  guestsOfTests.set(t, guests);
  t.after(async () => guests.finish(t.error ?? undefined));
  return guests;
}
