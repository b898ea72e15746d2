import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { bootSectors } from '../../../../fixtures/guests/boot-sectors.ts';
import { BrokenMachineError } from '../../../../src/errors/index.ts';
import { MachineStore, NetworkStore } from '../../../../src/machines/index.ts';
import { systemdUnit } from '../../../../src/machines/life/systemd-unit.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();
const image = `${join(directory, 'hang.raw')},format=raw`;
writeFileSync(join(directory, 'hang.raw'), bootSectors.hang);

it('a broken machine is removed with its systemd unit and its place in partitions', async () => {
  const environment = Object.fromEntries(
    ['CONFIG', 'DATA', 'STATE', 'RUNTIME'].map((kind) => {
      const path = join(directory, kind);
      mkdirSync(path, { mode: 0o700 });
      return [`XDG_${kind}${kind === 'RUNTIME' ? '_DIR' : '_HOME'}`, path];
    }),
  );
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const [machines, networks] = [new MachineStore(environment), new NetworkStore(environment)];
  await networks.create({ name: 'lan' });
  for (const name of ['web', 'db', 'cache']) {
    await machines.create({ name, image, networks: ['lan'] });
  }
  await networks.partition('lan', [['web'], ['db'], ['cache']]);
  const { files } = machines.get('web');
  writeFileSync(files.spec, '{');
  expect(() => machines.get('web')).toThrow(BrokenMachineError);
  const unit = join(directory, 'CONFIG/systemd/user/vmlet-web.service');
  mkdirSync(join(unit, '..'), { recursive: true });
  // As `vmlet systemd install` writes it; a unit of another store would stay.
  const own = { XDG_DATA_HOME: join(directory, 'DATA') };
  writeFileSync(
    unit,
    systemdUnit({ machine: 'web', node: process.execPath, command: '/vmlet.js', environment: own }),
  );

  await machines.remove('web', { storage: true });
  expect({ machine: existsSync(files.directory), unit: existsSync(unit) }).toEqual({
    machine: false,
    unit: false,
  });
  await machines.create({ name: 'web', image, networks: ['lan'] });
  expect((await networks.get('lan')).partitions).toEqual([[['db'], ['cache']]]);
  for (const name of machines.names()) await machines.remove(name, { storage: true });
});
