import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listenAsMonitor } from '../../../../fixtures/qmp/played-monitor.ts';
import { RunningMachine } from '../../../../src/machine/running/running-machine.ts';
import { QmpClient } from '../../../../src/qmp/index.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();

test.each([
  ['suspended', 'system_wakeup'],
  ['paused', 'cont'],
])('a launched machine that is %s gets the command %s', async (status, command) => {
  await using scope = new Scope();
  const socket = join(directory, `${status}.sock`);
  const answers = { 'query-status': { running: false, status } };
  const commands = await listenAsMonitor(socket, scope, { answers });
  await using qmp = await QmpClient.connect(socket);
  const machine = Object.create(RunningMachine.prototype, { qmp: { value: qmp } }) as RunningMachine;
  await machine.resume();
  expect(commands.at(-1)).toBe(command);
});
