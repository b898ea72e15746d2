import { isDeepStrictEqual } from 'node:util';
import { type GuestAlarmError, InvalidInputError } from '../../errors/index.ts';
import type { ForkOptions } from '../../template/fork-options.ts';
import type { Machine } from '../../machine/running/machine.ts';
import { createNetwork } from '../../machine/network/create-network.ts';
import type { Network } from '../../machine/network/network.ts';
import { isNetworkName } from '../../network/private/network-name.ts';
import { openPool } from '../../template/pool/named-pools.ts';
import { Scope } from '../../util/scope.ts';
import { onAbort } from '../../util/time/on-abort.ts';
import { bundleDirectory } from '../bundle/bundle-directory.ts';
import { writeFailureBundle } from '../bundle/failure-bundle.ts';
import { type GuestSetup, partsOf } from './guest-setup.ts';
import { namingFailures } from '../runner/named-failure.ts';
import { pauseTest, pausesOnFailure } from './pause-on-failure.ts';
import { PooledTestGuest, type PooledGuestSetup, checkPooledSetup } from './pooled-test-guest.ts';
import type { CreationOptions } from '../bundle/reproduce-script.ts';
import { RunnerWatch } from '../runner/runner-watch.ts';
import { templateName, templateOf } from './shared-templates.ts';
import { TestMachine } from './test-machine.ts';

/** A test of any runner. */
export interface RunningTest {
  /** File, suites and name of the test. */
  readonly names: readonly string[];
  /** Aborts at the end of the test, for example at its time-out. */
  readonly signal?: AbortSignal | undefined;
  /** Fails the test at once, if its runner supports that. */
  readonly end?: ((reason: GuestAlarmError) => void) | undefined;
}

interface Guest {
  readonly vm: TestMachine;
  readonly origin: CreationOptions;
}

/** The guests of one test, which end with it. When it fails, a bundle about them is written. */
export class TestGuests {
  readonly #test: RunningTest;
  readonly #runner = new RunnerWatch();
  readonly #guests = new Map<string, Promise<Guest>>();
  readonly #pooled = new Map<string, Promise<PooledTestGuest>>();
  /** By label, of both kinds of guests. */
  readonly #setups = new Map<string, GuestSetup | PooledGuestSetup>();
  #alarm: GuestAlarmError | undefined;
  readonly #networks = new Map<string, Network>();

  constructor(test: RunningTest) {
    this.#test = test;
  }

  /**
   * Returns a guest of the test; the same one for the same label.
   * @throws InvalidInputError for a label of a guest with another setup, and what `createTemplate` and `Template.fork`
   *   throw.
   */
  async fork(label: string, setup: GuestSetup): Promise<TestMachine> {
    this.#keepSetup(label, setup);
    const known = this.#guests.get(label);
    const guest = known ?? namingFailures(label, async () => this.#start(label, setup));
    this.#guests.set(label, guest);
    return (await guest).vm;
  }

  /**
   * Takes a guest of the test from a pool; the same one for the same label.
   * @throws InvalidInputError, and what `openPool` and `NamedPool.take` throw.
   */
  async take(label: string, setup: PooledGuestSetup): Promise<PooledTestGuest> {
    this.#keepSetup(label, setup);
    const known = this.#pooled.get(label);
    const guest = known ?? namingFailures(label, async () => this.#take(setup));
    this.#pooled.set(label, guest);
    return guest;
  }

  #keepSetup(label: string, setup: GuestSetup | PooledGuestSetup): void {
    const known = this.#setups.get(label);
    if (known && !isDeepStrictEqual(known, setup)) {
      throw new InvalidInputError('label', `the test has a guest "${label}" with another setup`, {
        hint: "give each guest a label of its own: useMachine(t, setup, 'db')",
      });
    }
    this.#setups.set(label, setup);
  }

  /** Returns a private network of the test; the same one for the same label. */
  network(label: string): Network {
    const known = this.#networks.get(label);
    const network = known ?? createNetwork({ name: this.#freeNetworkName(label) });
    this.#networks.set(label, network);
    return network;
  }

  /** Two labels may become one name, which two networks of a guest cannot have. */
  #freeNetworkName(label: string): string {
    const taken = [...this.#networks.values()].map(({ name }) => name);
    const name = networkNameOf(label);
    for (let number = 1; ; number++) {
      const end = number === 1 ? '' : `-${number}`;
      const free = `${name.slice(0, MOST_NAME - end.length)}${end}`;
      if (!taken.includes(free)) return free;
    }
  }

  /**
   * Ends the guests. If the test has failed, a bundle is written first, and PAUSE_ON_FAIL=1 pauses for inspection.
   * @param failure error of the test; undefined when it passed.
   * @throws GuestAlarmError when a guest raised the alarm, and the test did not fail with it; otherwise what the bundle and
   *   the end of a guest throw.
   */
  async finish(failure: unknown): Promise<void> {
    const started = await Promise.allSettled(
      [...this.#guests].map(async ([label, guest]) => [label, await guest] as const),
    );
    // Guests that could not start have already failed the test.
    const guests = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    try {
      await this.#explainAndEnd(Object.fromEntries(guests), failure ?? this.#alarm);
    } catch (error) {
      throw this.#alarmUnlessIn(failure) ?? error;
    }
    const alarm = this.#alarmUnlessIn(failure);
    if (alarm) throw alarm;
  }

  async #explainAndEnd(guests: Readonly<Record<string, Guest>>, reason: unknown): Promise<void> {
    const machines = Object.values(guests).map(({ vm }) => vm);
    try {
      if (reason !== undefined && machines.length > 0) await this.#explain(guests, reason);
    } finally {
      await this.#end(machines);
    }
  }

  async #end(machines: readonly TestMachine[]): Promise<void> {
    await using scope = new Scope();
    scope.defer(() => this.#runner[Symbol.dispose]());
    for (const network of this.#networks.values()) scope.defer(async () => network[Symbol.asyncDispose]());
    scope.defer(async () => this.#closePooled());
    scope.defer(async () => {
      const ended = await Promise.allSettled(machines.map(async (vm) => vm[Symbol.asyncDispose]()));
      for (const one of ended) if (one.status === 'rejected') throw one.reason;
    });
  }

  /** The alarm that the test did not fail with. Other errors are usually its consequences. */
  #alarmUnlessIn(failure: unknown): GuestAlarmError | undefined {
    return this.#alarm && !isOf(failure, this.#alarm) ? this.#alarm : undefined;
  }

  async #start(label: string, setup: GuestSetup): Promise<Guest> {
    const { signal } = this.#test;
    const { template: options, fork, networks, use } = partsOf(setup);
    const template = await templateOf(setup);
    signal?.throwIfAborted();
    const forking: ForkOptions = {
      name: hostNameOf(label),
      ...fork,
      networks: networks.map((name) => this.network(name)),
    };
    const machine = await forkUntil(signal, this.#runner.signal, async (living) =>
      template.fork({ ...forking, signal: living }),
    );
    const named = setup.prepare ? {} : { name: templateName(setup) };
    return {
      vm: new TestMachine(machine, { ...use, signal, onAlarm: (error) => this.#raise(error) }),
      origin: { kind: 'fork', template: { ...options, ...named }, fork: forking },
    };
  }

  async #take(setup: PooledGuestSetup): Promise<PooledTestGuest> {
    checkPooledSetup(setup);
    const { pool, waitTimeoutMs } = setup;
    const { signal } = this.#test;
    const living = signal ? AbortSignal.any([signal, this.#runner.signal]) : this.#runner.signal;
    const guest = await openPool(pool).take({ signal: living });
    onAbort(this.#runner.signal, () => void guest.close());
    return new PooledTestGuest(guest, pool, { signal, waitTimeoutMs });
  }

  async #closePooled(): Promise<void> {
    const taken = await Promise.allSettled(this.#pooled.values());
    for (const one of taken) if (one.status === 'fulfilled') await one.value[Symbol.asyncDispose]();
  }

  #raise(alarm: GuestAlarmError): void {
    this.#alarm ??= alarm;
    this.#test.end?.(alarm);
  }

  async #explain(guests: Readonly<Record<string, Guest>>, reason: unknown): Promise<void> {
    const test = this.#test.names.join(' > ');
    const machines = mapValues(guests, ({ vm, origin }) => ({ machine: vm.machine, origin }));
    const { directory } = await writeFailureBundle(machines, bundleDirectory(this.#test.names), {
      test,
      error: reason,
    });
    process.stderr.write(
      `vmlet: test "${test}" failed; logs of its guests (${Object.keys(guests).join(', ')}): ${directory}\n`,
    );
    if (!pausesOnFailure()) return;
    await pauseTest(
      mapValues(guests, ({ vm }): Machine => vm.machine),
      { reason: `the test "${test}" failed` },
    );
  }
}

/**
 * Forks a machine. An abort of `test` ends it only during its start: afterwards it helps to explain a failure. An abort of
 * `runner` ends it at any time.
 */
async function forkUntil(
  test: AbortSignal | undefined,
  runner: AbortSignal,
  fork: (living: AbortSignal) => Promise<Machine>,
): Promise<Machine> {
  const starting = new AbortController();
  const stopListening = test && onAbort(test, (reason) => starting.abort(reason));
  try {
    return await fork(AbortSignal.any([starting.signal, runner]));
  } finally {
    stopListening?.();
  }
}

/** Compares messages: a runner may have copied the error. */
function isOf(failure: unknown, alarm: GuestAlarmError): boolean {
  return failure instanceof Error && failure.message.includes(alarm.message);
}

/** Converts a label to a valid host name. */
function hostNameOf(label: string): string {
  const name = label
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 63);
  return name === '' ? 'guest' : name;
}

/** Bytes of a network's name. */
const MOST_NAME = 32;

/** Converts a label to a valid name of a network, with a prefix if it is a reserved word. */
function networkNameOf(label: string): string {
  const name = hostNameOf(label).toLowerCase();
  return (
    [name, `net-${name}`].map((one) => one.slice(0, MOST_NAME).replace(/-$/, '')).find(isNetworkName) ?? 'net'
  );
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  change: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
