import { expect, it } from 'vitest';
import { describeStop, runningOf } from '../../../../src/cli/lifecycle/stop.ts';
import { MachineStore } from '../../../../src/machines/index.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { storedMachine } from '../../machines/stored-machine.ts';

const home = temporaryDirectory();

it.each([
  [
    'guest',
    { kind: 'power-off', requested: true },
    /^asked the guest’s agent .*; the guest powered off on request$/,
  ],
  ['quit', { kind: 'host-quit' }, /^the guest did not shut down; told QEMU to quit$/],
  ['quit', { kind: 'power-off', requested: true }, /told QEMU to quit; the guest powered off/],
  ['SIGTERM', { kind: 'host-signal' }, /^QEMU did not quit; sent SIGTERM$/],
  [
    'SIGKILL',
    { kind: 'killed', signal: 'SIGKILL', expected: true },
    /^QEMU did not exit; killed it with SIGKILL$/,
  ],
] as const)('a stop by %s that ended with %o is described once', (rung, outcome, words) => {
  expect(describeStop({ rung, outcome })).toMatch(words);
});

it('a machine that is to end and does not run is reported without advice to start it', () => {
  storedMachine(home);
  const environment = { XDG_DATA_HOME: home, XDG_STATE_HOME: `${home}/state`, XDG_RUNTIME_DIR: home };
  expect(() => runningOf(new MachineStore(environment).get('web'))).toThrow(
    expect.objectContaining({
      code: 'VMLET_MACHINE_STATE',
      message: 'machine "web" is not running',
      hint: undefined,
    }),
  );
});
