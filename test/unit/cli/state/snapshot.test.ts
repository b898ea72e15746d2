import { afterEach, expect, it, vi } from 'vitest';
import { sayRestored } from '../../../../src/cli/state/snapshot.ts';
import { MachineStore } from '../../../../src/machines/index.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { countAsRunning, storedMachine } from '../../machines/stored-machine.ts';

const directory = temporaryDirectory();
afterEach(() => vi.restoreAllMocks());

it.each([
  [false, 'vmlet: forwarding 127.0.0.1:40080/tcp to port 80 of web\n'],
  [true, ''],
])('reports the ports of a machine that a restore has started (ran before: %j)', (ran, expected) => {
  let printed = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  const forward = { protocol: 'tcp', hostAddress: '127.0.0.1', guestPort: 80 } as const;
  const stored = storedMachine(directory, { ports: [forward] });
  const bound = { ...forward, hostPort: 40080, ephemeral: true };
  countAsRunning(stored, { network: { forwards: [bound] } });
  const environment = {
    XDG_DATA_HOME: directory,
    XDG_STATE_HOME: `${directory}/state`,
    XDG_RUNTIME_DIR: directory,
  };
  sayRestored(new MachineStore(environment).get('web'), ran);
  expect(printed).toBe(expected);
});
