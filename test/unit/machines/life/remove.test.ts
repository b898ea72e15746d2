import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { directoryMark } from '../../../../src/machines/recovery/store-mark.ts';
import { removeMachine } from '../../../../src/machines/life/remove.ts';
import { systemdUnit } from '../../../../src/machines/life/systemd-unit.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { storedMachine } from '../stored-machine.ts';

const directory = temporaryDirectory();
afterEach(() => {
  vi.unstubAllEnvs();
});

const unitOf = (dataHome: string): string =>
  systemdUnit({
    machine: 'web',
    node: '/usr/bin/node',
    command: '/opt/vmlet.js',
    environment: { XDG_DATA_HOME: dataHome },
  });

it.each([true, false])('a removal reports whether it discarded saved memory (%j)', async (isSaved) => {
  const { locations, definition } = storedMachine(directory);
  if (isSaved) writeFileSync(definition.files.savedState, '');
  expect(await removeMachine(locations, 'web')).toMatchObject({ discardedMemory: isSaved });
});

it('a removal leaves the systemd unit, the logs and the sockets of another store', async () => {
  const { locations, definition } = storedMachine(directory);
  const unit = join(directory, 'config/systemd/user/vmlet-web.service');
  vi.stubEnv('XDG_CONFIG_HOME', join(directory, 'config'));
  mkdirSync(dirname(unit), { recursive: true });
  writeFileSync(unit, unitOf('/elsewhere'));
  const { logs, sockets } = definition.files;
  const other = join(directory, 'other');
  mkdirSync(other);
  for (const [path, machines] of [
    [logs, other],
    [sockets, locations.machines],
  ] as const) {
    mkdirSync(path, { recursive: true });
    const mark = directoryMark(path, { ...locations, machines });
    writeFileSync(mark.path, mark.text);
  }
  await removeMachine(locations, 'web');
  expect([unit, logs, sockets].map((path) => existsSync(path))).toEqual([true, true, false]);
});
