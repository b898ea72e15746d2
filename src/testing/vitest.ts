import { type RunnerTestCase, type TestAPI, TestRunner, beforeAll, expect, test as plainTest } from 'vitest';
import { InvalidInputError } from '../errors/index.ts';
import type { Network } from '../machine/network/network.ts';
import type { Protocol } from '../network/ports/port.ts';
import { deferred } from '../util/time/deferred.ts';
import { endWith, endable } from './runner/endable-tests.ts';
import { type GuestSetup, partsOf } from './guests/guest-setup.ts';
import { type PooledGuestSetup, type PooledTestGuest, checkPooledSetup } from './guests/pooled-test-guest.ts';
import { namedFailure, namingFailures } from './runner/named-failure.ts';
import { matchers } from './matchers.ts';
import { releaseTemplates, templateOf } from './guests/shared-templates.ts';
import { TestGuests } from './guests/test-guests.ts';
import type { TestMachine } from './guests/test-machine.ts';

/** Each matcher checks once: wait first for events that take time. Await them. */
interface GuestMatchers {
  /** The guest listens on a port. */
  toListenOn(port: number, options?: { readonly protocol?: Protocol | undefined }): Promise<void>;
  /** A systemd unit of the guest is `active`, or in another of systemd's active states. */
  toHaveUnit(unit: string, state?: string): Promise<void>;
  /** A connection from this host reaches a published port of the guest; or a URL answers. */
  toBeReachable(port?: number): Promise<void>;
  /** A result of `vm.exec` or `vm.sh` has status 0. */
  toSucceed(): Promise<void>;
}

declare module 'vitest' {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any, @typescript-eslint/no-unused-vars, @typescript-eslint/no-empty-object-type -- as vitest declares it
  interface Matchers<T = any> extends GuestMatchers {}
}

expect.extend(matchers);

/** Images may have to be pulled or built first; steps within this time have limits of their own. */
const TEMPLATE_TIMEOUT_MS = 60 * 60 * 1000;

type Setups = Readonly<Record<string, GuestSetup | PooledGuestSetup>>;
type NetworkLabels<Given extends Setups> = {
  [Label in keyof Given]: Given[Label] extends { readonly networks: readonly (infer Name extends string)[] }
    ? Name
    : never;
}[keyof Given];
type Fixtures<Given extends Setups> = {
  [Label in keyof Given]: Given[Label] extends PooledGuestSetup ? PooledTestGuest : TestMachine;
} & {
  [Label in NetworkLabels<Given>]: Network;
};

/**
 * Returns a `test` of vitest whose tests get their own guests: `machines({ web: { ports: ['80'] }, db: { image: 'db' } })`
 * defines fixtures `web` and `db`; private networks that they name become fixtures too. A guest is started only for tests
 * that use its fixture, and ends with the test. When a test fails, a directory with information about its guests is
 * written to `test-results/vmlet`.
 *
 * The templates are booted before the first test, outside of its time limit. With `pool`, as in
 * `machines({ vm: { pool: 'fast' } })`, the guest is taken from a running pool, and is a `PooledTestGuest`.
 */
export function machines<const Given extends Setups>(setups: Given): TestAPI<Fixtures<Given>> {
  const guests = Object.entries<GuestSetup | PooledGuestSetup>(setups);
  const forked = guests.flatMap(([label, setup]) => (setup.pool === undefined ? [{ label, setup }] : []));
  for (const [label, setup] of guests) check(label, setup);
  const networks = [...new Set(forked.flatMap(({ setup }) => setup.networks ?? []))];
  const both = networks.find((label) => label in setups);
  if (both !== undefined) throw new InvalidInputError('networks', `"${both}" is already the name of a guest`);
  const fixtures = {
    guestsOfTest: async ({ task, signal }: FixtureContext, use: Use<TestGuests>): Promise<void> => {
      const ending = deferred<never>();
      endWith(task, ending.promise);
      // A test retried after a time-out still has the earlier signal.
      const ofTest = new TestGuests({
        names: namesOf(task),
        signal: signal.aborted ? undefined : signal,
        end: ending.reject,
      });
      await use(ofTest);
      await ofTest.finish(failureOf(task));
    },
    ...Object.fromEntries(
      guests.map(([label, setup]) => [
        label,
        async ({ guestsOfTest }: OfTest, use: Use<TestMachine | PooledTestGuest>) =>
          use(
            await (setup.pool === undefined
              ? guestsOfTest.fork(label, setup)
              : guestsOfTest.take(label, setup)),
          ),
      ]),
    ),
    ...Object.fromEntries(
      networks.map((label) => [
        label,
        async ({ guestsOfTest }: OfTest, use: Use<Network>) => use(guestsOfTest.network(label)),
      ]),
    ),
  };
  const extended = plainTest.extend(fixtures as never) as unknown as TestAPI<Fixtures<Given>>;
  return withTemplatesFirst(endable(extended), forked);
}

/** Test with one `micro` guest, called `vm`. */
export const test = machines({ vm: {} });

export { expect };

type Use<Value> = (value: Value) => Promise<void>;

interface OfTest {
  readonly guestsOfTest: TestGuests;
}

interface FixtureContext {
  readonly task: Readonly<RunnerTestCase>;
  readonly signal: AbortSignal;
}

/** A guest that tests fork. */
interface ForkedGuest {
  readonly label: string;
  readonly setup: GuestSetup;
}

type Call = (...given: readonly unknown[]) => unknown;

/**
 * Requests the templates before the tests of each suite that may use them: a hook has a time limit of its own. Each suite
 * has the hook, because vitest skips or reorders whole suites. The templates stay until the end of the file.
 */
function withTemplatesFirst<Test extends object>(extended: Test, guests: readonly ForkedGuest[]): Test {
  const asked = new WeakSet<object>();
  const started = new WeakSet<object>();
  const release = async (): Promise<void> => releaseTemplates(guests.map(({ setup }) => setup));
  const ask = (): void => {
    // The collector of tests outside of suites is the same for all files; without isolation, so is this module.
    const { suite, file } = TestRunner.getCurrentSuite();
    if (asked.has(suite ?? file)) return;
    asked.add(suite ?? file);
    beforeAll(async () => {
      if (!started.has(file)) TestRunner.getSuiteHooks(file).afterAll.push(release);
      started.add(file);
      await Promise.all(
        guests.map(async ({ label, setup }) => namingFailures(label, async () => templateOf(setup))),
      );
    }, TEMPLATE_TIMEOUT_MS);
  };
  return new Proxy(extended, {
    apply(target, self, args: unknown[]) {
      ask();
      return Reflect.apply(target as Call, self, args);
    },
    get(target, property, receiver) {
      const value = Reflect.get(target, property, receiver) as unknown;
      if (property === 'extend') {
        return (...args: readonly unknown[]) =>
          withTemplatesFirst(Reflect.apply(value as Call, target, args) as object, guests);
      }
      ask();
      return value;
    },
  });
}

function check(label: string, setup: GuestSetup | PooledGuestSetup): void {
  try {
    if (setup.pool === undefined) partsOf(setup);
    else checkPooledSetup(setup);
  } catch (error) {
    throw namedFailure(label, error);
  }
}

function failureOf({ result, fails }: FixtureContext['task']): Error | undefined {
  // vitest turns the result of `test.fails` around afterwards.
  if (result?.state !== 'fail' || fails === true) return undefined;
  const last = result.errors?.at(-1);
  return Object.assign(
    new Error(last?.message ?? 'the test reported no error'),
    last?.name !== undefined && { name: last.name },
  );
}

function namesOf({ file, fullTestName }: FixtureContext['task']): string[] {
  return [file.name, fullTestName];
}
