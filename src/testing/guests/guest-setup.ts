import * as z from 'zod';
import type { GuestAlarmKind } from '../../errors/index.ts';
import { functionSchema, launchSchema } from '../../machine/spec/launch-options.ts';
import type { TemplateOptions } from '../../template/create-template.ts';
import type { ForkOptions } from '../../template/fork-options.ts';
import { parseOptions } from '../../util/options/parse-options.ts';
import { TestMachine } from './test-machine.ts';
import type { TestMachineOptions } from './machine-run.ts';

/** Launch options that do not define the guest. */
type OfTheLaunch = 'signal' | 'log' | 'console' | 'onProgress' | 'onBoot';

/**
 * A guest for tests: prepared once, and forked for each test. Options that are not described below are those of
 * `createTemplate`: `image`, `memory`, `seed`, `run` and others. The default image is `micro`, and `kept` is `use`, or
 * `ignore` with VMLET_FRESH=1.
 */
export interface GuestSetup
  extends
    Omit<TemplateOptions, OfTheLaunch | 'prepare' | 'networkCards' | 'timeoutMs'>,
    Pick<ForkOptions, 'ports' | 'volumes' | 'mounts'>,
    Pick<TestMachineOptions, 'waitTimeoutMs' | 'expectedAlarms'> {
  /** Time limit of the boot and of the start of each fork, in milliseconds; the defaults are those of `createTemplate` and `Template.fork`. */
  readonly timeoutMs?: TemplateOptions['timeoutMs'];
  /**
   * Labels of its private networks: guests of a test with the same network can reach each other by name. Each test has its
   * own networks.
   */
  readonly networks?: readonly string[] | undefined;
  /**
   * Prepares the guest after the commands of `run`. Since the effects of a function are unknown, such a guest is prepared
   * once for each test file; one with only `run` is prepared once for all, until its options change.
   */
  readonly prepare?: ((vm: TestMachine) => Promise<void>) | undefined;
  /** Undefined: see `PooledGuestSetup` for guests of a pool. */
  readonly pool?: undefined;
}

const { name: _name, mac: _mac, until: _until, ...ofLaunch } = launchSchema.shape;
const alarmKinds = z.enum({
  panic: 'panic',
  oops: 'oops',
  bug: 'bug',
  'oom-kill': 'oom-kill',
  'no-space': 'no-space',
} satisfies { [Kind in GuestAlarmKind]: Kind });
/** The values of the other options are checked with the template and the fork. */
const setupSchema = z.strictObject({
  ...Object.fromEntries([...Object.keys(ofLaunch), 'run'].map((option) => [option, z.unknown().optional()])),
  prepare: functionSchema(),
  networks: z.array(z.string()).readonly().optional(),
  waitTimeoutMs: z.number().positive().optional(),
  expectedAlarms: z
    .array(z.union([alarmKinds, z.instanceof(RegExp)]))
    .readonly()
    .optional(),
});

/** A setup split into the options of its template, of each fork, and of its use in a test. */
export interface GuestParts {
  readonly template: Omit<TemplateOptions, OfTheLaunch>;
  readonly fork: Pick<ForkOptions, 'ports' | 'net' | 'volumes' | 'mounts' | 'timeoutMs'>;
  /** Labels of the networks. */
  readonly networks: readonly string[];
  readonly use: Pick<TestMachineOptions, 'waitTimeoutMs' | 'expectedAlarms'>;
}

/** @throws InvalidInputError for unknown options, and for values of those that only a test's guest has. */
export function partsOf(setup: GuestSetup): GuestParts {
  parseOptions(setupSchema, setup);
  const {
    ports,
    volumes,
    mounts,
    networks = [],
    waitTimeoutMs,
    expectedAlarms,
    prepare,
    pool: _pool,
    ...template
  } = setup;
  const { net, timeoutMs } = template;
  const use = { waitTimeoutMs, expectedAlarms };
  return {
    template: {
      ...template,
      ...(networks.length > 0 && { networkCards: networks.length }),
      ...(prepare && { prepare: async (machine) => prepare(new TestMachine(machine, use)) }),
    },
    fork: {
      ...(ports && { ports }),
      ...(volumes && { volumes }),
      ...(mounts && { mounts }),
      ...(net !== undefined && net !== 'none' && { net }),
      ...(timeoutMs !== undefined && { timeoutMs }),
    },
    networks,
    use,
  };
}
