import type { TemplateOptions } from '../../template/create-template.ts';
import type { ForkOptions } from '../../template/fork-options.ts';
import { TestMachine } from './test-machine.ts';
import type { TestMachineOptions } from './machine-run.ts';

/** Options of a launch that are no part of what a guest is. */
type OfTheLaunch = 'signal' | 'log' | 'console' | 'onProgress' | 'onBoot';

/**
 * A guest that tests get: booted and warmed up once, and forked for each test. All that is not said below is as for
 * `createTemplate`: `image`, `memory`, `seed`, `run` and others. By default it is `micro`.
 */
export interface GuestSetup
  extends
    Omit<TemplateOptions, OfTheLaunch | 'prepare' | 'networkCards'>,
    Pick<ForkOptions, 'ports'>,
    Pick<TestMachineOptions, 'waitTimeoutMs' | 'expectedAlarms'> {
  /**
   * Private networks that it is in, by what the test calls them: guests of a test that name the same one can talk with
   * each other, by their names. Each test has networks of its own.
   */
  readonly networks?: readonly string[] | undefined;
  /**
   * Warms the guest up, after the commands of `run`. What a function does cannot be told beforehand, so that such a
   * guest is booted once for each file of tests, and one with `run` alone once for all until something changes.
   */
  readonly prepare?: ((vm: TestMachine) => Promise<void>) | undefined;
}

/** A setup apart: what its template is made of, what each fork gets, and how a test uses it. */
export interface GuestParts {
  readonly template: Omit<TemplateOptions, OfTheLaunch>;
  readonly fork: Pick<ForkOptions, 'ports' | 'net'>;
  /** By what the test calls them. */
  readonly networks: readonly string[];
  readonly use: Pick<TestMachineOptions, 'waitTimeoutMs' | 'expectedAlarms'>;
}

export function partsOf(setup: GuestSetup): GuestParts {
  const { ports, networks = [], waitTimeoutMs, expectedAlarms, prepare, ...template } = setup;
  const { net } = template;
  const use = { waitTimeoutMs, expectedAlarms };
  return {
    template: {
      ...template,
      ...(networks.length > 0 && { networkCards: networks.length }),
      ...(prepare && { prepare: async (machine) => prepare(new TestMachine(machine, use)) }),
    },
    fork: { ...(ports && { ports }), ...(net !== undefined && net !== 'none' && { net }) },
    networks,
    use,
  };
}
