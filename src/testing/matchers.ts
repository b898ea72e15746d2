import { GuestCommandFailedError, InvalidInputError, describeExit } from '../errors/index.ts';
import type { GuestResult } from '../guest/agent/process.ts';
import type { Protocol } from '../network/ports/port.ts';
import { lookForAnyAnswer } from './probes/probe-http.ts';
import { lookForConnection, lookForListener } from './probes/probe-port.ts';
import { lookAtUnit } from './probes/probe-unit.ts';
import { publishedPort } from './guests/published.ts';
import { type ShellResult, shellResult } from './guests/shell.ts';
import { TestMachine } from './guests/test-machine.ts';
import type { Look } from './probes/wait.ts';

/** What a matcher of vitest or Jest answers. */
export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

interface MatcherState {
  readonly isNot?: boolean;
}

/**
 * Matchers for `expect.extend`. Each looks once: wait first for what takes its time. They are asynchronous, so await
 * them. Where nothing can be seen, since the machine has ended for example, they reject, `.not` or not.
 */
export const matchers = {
  /** Whether somebody in the guest listens on a port. */
  async toListenOn(
    this: MatcherState,
    vm: unknown,
    port: number,
    { protocol = 'tcp' }: { readonly protocol?: Protocol | undefined } = {},
  ): Promise<MatcherResult> {
    const { machine, name, alarm } = testMachine('toListenOn', vm);
    const look = lookForListener(machine, port, protocol);
    return judge(`${name} to listen on ${protocol} port ${port}`, look, this, alarm.signal);
  },

  /** Whether a systemd unit of the guest is `active`, or in another of systemd's active states. */
  async toHaveUnit(this: MatcherState, vm: unknown, unit: string, state = 'active'): Promise<MatcherResult> {
    const { machine, name, alarm } = testMachine('toHaveUnit', vm);
    return judge(`${name} to have ${unit} ${state}`, lookAtUnit(machine, unit, state), this, alarm.signal);
  },

  /** Whether a connection from this host comes through to a published port of the guest; of a URL, whether it answers. */
  async toBeReachable(this: MatcherState, target: unknown, port?: number): Promise<MatcherResult> {
    if (typeof target === 'string' || target instanceof URL) {
      return judge(`${String(target)} to answer`, lookForAnyAnswer(new URL(target)), this);
    }
    const { machine, name, alarm } = testMachine('toBeReachable', target);
    if (port === undefined) throw new InvalidInputError('port', 'is missing: toBeReachable(80), for example');
    const look = lookForConnection(machine, publishedPort(machine.ports, port));
    return judge(`port ${port} of ${name} to be reachable from this host`, look, this, alarm.signal);
  },

  /** Whether a command ends with status 0: what `vm.exec` and `vm.sh` return, awaited or not. */
  async toSucceed(this: MatcherState, command: unknown): Promise<MatcherResult> {
    const { failure, told } = await endOf(command as PromiseLike<GuestResult | ShellResult>);
    const output = [told.stdout, told.stderr].filter((text) => text !== '').join('\n');
    const printed = output === '' ? 'it printed nothing' : `it printed:\n${output}`;
    return {
      pass: failure === undefined,
      message: () =>
        failure === undefined
          ? `expected the command not to succeed; ${printed}`
          : `expected the command to succeed; ${failure}; ${printed}`,
    };
  },
};

async function judge(
  expected: string,
  look: Look<unknown>,
  { isNot = false }: MatcherState,
  signal: AbortSignal = new AbortController().signal,
): Promise<MatcherResult> {
  signal.throwIfAborted();
  const sight = await look(signal, () => undefined);
  const pass = 'found' in sight;
  const seen = pass ? '' : `; ${sight.seen}`;
  return {
    pass,
    message: () => `expected ${isNot ? expected.replace(' to ', ' not to ') : expected}${seen}`,
  };
}

async function endOf(
  command: PromiseLike<GuestResult | ShellResult>,
): Promise<{ readonly failure: string | undefined; readonly told: ShellResult }> {
  try {
    const result: unknown = await command;
    if (!isResult(result)) {
      throw new InvalidInputError('toSucceed', 'is for what vm.exec or vm.sh returns');
    }
    // vm.sh rejects where it fails, so that a result of its own has no status.
    if (!('exitCode' in result)) return { failure: undefined, told: result };
    return {
      failure: result.exitCode === 0 ? undefined : `it ${describeExit(result)}`,
      told: shellResult(result),
    };
  } catch (error) {
    if (!(error instanceof GuestCommandFailedError)) throw error;
    const { stdout, stderr } = error;
    return { failure: `it ${describeExit(error.status)}`, told: { stdout, stderr, lines: [] } };
  }
}

function isResult(value: unknown): value is GuestResult | ShellResult {
  return typeof value === 'object' && value !== null && 'stdout' in value && 'stderr' in value;
}

function testMachine(matcher: string, value: unknown): TestMachine {
  if (value instanceof TestMachine) return value;
  throw new InvalidInputError(matcher, 'is for a machine under test, as in expect(vm)');
}
