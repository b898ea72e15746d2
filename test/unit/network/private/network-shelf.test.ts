import { renameSync, rmSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { ownLocations } from '../../../../src/machine/paths/own-locations.ts';
import { NetworkStore } from '../../../../src/machines/life/network-store.ts';
import { membersOf } from '../../../../src/network/private/members.ts';
import { networkFiles, networkNames } from '../../../../src/network/private/network-shelf.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { storedMachine } from '../../machines/stored-machine.ts';

const home = temporaryDirectory();
const environment = { HOME: home, XDG_DATA_HOME: home, XDG_RUNTIME_DIR: home };
const { networks } = ownLocations(environment);

/** Moves a directory away, and links it at its old path. */
function moveAndLink(directory: string): string {
  const target = join(home, `moved-${basename(directory)}`);
  renameSync(directory, target);
  symlinkSync(target, directory);
  return target;
}

test('a network whose directory is a symbolic link counts, and keeps its name and subnet', async () => {
  const store = new NetworkStore(environment);
  await store.create({ name: 'lan', subnet: '10.9.0.0/24' });
  const target = moveAndLink(networkFiles(networks, 'lan').directory);
  expect(networkNames(networks)).toEqual(['lan']);
  await expect(store.create({ name: 'other', subnet: '10.9.0.0/24' })).rejects.toThrow('lan');
  // Its file system may not be mounted.
  rmSync(target, { recursive: true });
  expect(networkNames(networks)).toEqual([]);
});

test('a machine whose directory is a symbolic link is a member of its networks', () => {
  const member = { network: 'lan', address: '10.9.0.2', mac: '52:54:0a:09:00:02' };
  const { locations, definition } = storedMachine(home, { networks: [member] });
  moveAndLink(definition.files.directory);
  expect(membersOf(locations, 'lan')).toMatchObject([{ name: 'web', address: '10.9.0.2' }]);
});
