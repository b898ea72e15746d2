import { GuestCommandFailedError, InvalidInputError, describeExit } from '../errors/index.ts';
import type { GuestResult } from '../guest/agent/process.ts';
import type { Protocol } from '../network/ports/port.ts';
import { lookForAnyAnswer } from './probes/probe-http.ts';
import { lookForConnection, lookForListener } from './probes/probe-port.ts';
import { lookAtUnit } from './probes/probe-unit.ts';
import { httpUrl, publishedPort } from './guests/published.ts';
import { type ShellResult, shellResult } from './guests/shell.ts';
import { PooledTestGuest } from './guests/pooled-test-guest.ts';
import { TestMachine } from './guests/test-machine.ts';
import type { ProbedGuest } from './probes/guest-run.ts';
import type { Look } from './probes/wait-until.ts';

/** Result of a matcher for vitest or Jest. */
export interface MatcherResult {
  readonly pass: boolean;
  /** Returns the message of a failure. */
  readonly message: () => string;
}

interface MatcherState {
  readonly isNot?: boolean;
}

/**
 * Matchers for `expect.extend`. Each checks once: wait first for events that take time. They are asynchronous, so await
 * them. When a check is impossible, for example because the machine has ended, they reject, with or without `.not`.
 */
export const matchers = {
  /** The guest listens on a port. */
  async toListenOn(
    this: MatcherState,
    vm: unknown,
    port: number,
    { protocol = 'tcp' }: { readonly protocol?: Protocol | undefined } = {},
  ): Promise<MatcherResult> {
    const { guest, name, signal } = testGuest('toListenOn', vm);
    const look = lookForListener(guest, port, protocol);
    return judge(`${name} to listen on ${protocol} port ${port}`, look, this, signal);
  },

  /** A systemd unit of the guest is `active`, or in another of systemd's active states. */
  async toHaveUnit(this: MatcherState, vm: unknown, unit: string, state = 'active'): Promise<MatcherResult> {
    const { guest, name, signal } = testGuest('toHaveUnit', vm);
    return judge(`${name} to have ${unit} ${state}`, lookAtUnit(guest, unit, state), this, signal);
  },

  /** A connection from this host reaches a published port of the guest; or a URL answers. */
  async toBeReachable(this: MatcherState, target: unknown, port?: number): Promise<MatcherResult> {
    if (typeof target === 'string' || target instanceof URL) {
      return judge(`${String(target)} to answer`, lookForAnyAnswer(httpUrl(target)), this);
    }
    const { machine, name, alarm } = testMachine('toBeReachable', target);
    if (port === undefined)
      throw new InvalidInputError('port', 'is missing; give a port, as in toBeReachable(80)');
    const look = lookForConnection(machine, publishedPort(machine.ports, port));
    return judge(`port ${port} of ${name} to be reachable from this host`, look, this, alarm.signal);
  },

  /** A command exits with status 0: the result of `vm.exec` or `vm.sh`, awaited or not. */
  async toSucceed(this: MatcherState, command: unknown): Promise<MatcherResult> {
    const { failure, told } = await endOf(command as PromiseLike<GuestResult | ShellResult>);
    const output = [told.stdout, told.stderr].filter((text) => text !== '').join('\n');
    const printed = output === '' ? 'it printed nothing' : `it printed:\n${output}`;
    return {
      pass: failure === undefined,
      message: () =>
        failure === undefined
          ? `expected the command to fail, but it succeeded; ${printed}`
          : `expected the command to succeed, but ${failure}; ${printed}`,
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
      throw new InvalidInputError('toSucceed', 'expected the result of vm.exec or vm.sh');
    }
    // vm.sh rejects on failure, so its result has no status.
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

function testGuest(
  matcher: string,
  value: unknown,
): { readonly guest: ProbedGuest; readonly name: string; readonly signal?: AbortSignal } {
  if (value instanceof PooledTestGuest) return value;
  const { machine, name, alarm } = testMachine(matcher, value);
  return { guest: machine, name, signal: alarm.signal };
}

function testMachine(matcher: string, value: unknown): TestMachine {
  if (value instanceof TestMachine) return value;
  if (value instanceof PooledTestGuest) {
    throw new InvalidInputError(matcher, 'a guest from a pool has no published ports', {
      hint: 'check whether the guest listens on the port, as in expect(vm).toListenOn(80)',
    });
  }
  throw new InvalidInputError(matcher, 'expected a TestMachine, such as vm in expect(vm)');
}
