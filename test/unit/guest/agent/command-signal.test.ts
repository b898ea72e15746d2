import { constants } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { attachPlayed } from '../../../../fixtures/agent/played-agent.ts';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { type Frame, FrameDecoder, FrameType } from '../../../../src/guest/agent/agent-frame.ts';
import type { GuestProcess } from '../../../../src/guest/agent/process.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { until } from '../../../until.ts';

const SIGNALS = constants.signals;
/** NSIG of the agent, which ends the session for a larger number. */
const NSIG = 65;

let scope: Scope, command: GuestProcess;
let received: Frame[];

beforeEach(async () => {
  scope = new Scope();
  const { guest, agent } = await attachPlayed(scope);
  const decoder = new FrameDecoder();
  received = [];
  agent.on('data', (chunk) => received.push(...decoder.push(chunk)));
  command = guest.exec(['sleep', '1']);
});
afterEach(async () => scope.close());

const signalsSent = (): (number | undefined)[] =>
  received.filter(({ type }) => type === FrameType.signal).map(({ payload }) => payload[0]);

test('every signal of Linux is sent by its number', async () => {
  const names = Object.keys(SIGNALS) as NodeJS.Signals[];
  const numbers = names.map((name) => SIGNALS[name]);
  for (const name of names) command.kill(name);
  command.kill();
  await until(() => signalsSent().length > names.length);
  expect(signalsSent()).toEqual([...numbers, SIGNALS.SIGTERM]);
  expect(Math.max(...numbers)).toBeLessThan(NSIG);
});

test.each(['SIGINFO', 'SIGBREAK', 'SIGLOST', 'SIGUNUSED', 'TERM', 'toString', 15, 0, null])(
  '%o is rejected, and nothing is sent',
  async (signal) => {
    const kill = (): void => command.kill(signal as NodeJS.Signals);
    expect(kill).toThrow(InvalidInputError);
    expect(kill).toThrow(/^signal: \S+: expected the name of a Linux signal, such as SIGTERM$/);
    command.kill('SIGCONT');
    await until(() => signalsSent().length > 0);
    expect(signalsSent()).toEqual([SIGNALS.SIGCONT]);
  },
);
