import { expect, test } from 'vitest';
import { NetworkInUseError } from '../../../../src/errors/index.ts';
import { ownLocations } from '../../../../src/machine/paths/own-locations.ts';
import { NetworkStore } from '../../../../src/machines/life/network-store.ts';
import { addGuest } from '../../../../src/network/private/guests.ts';
import { identifyProcess } from '../../../../src/process/procfs/identity.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();

test('a network of a throw-away machine is not removed, and the hint is not to disconnect it', async () => {
  const environment = { HOME: directory, XDG_DATA_HOME: directory, XDG_RUNTIME_DIR: directory };
  const store = new NetworkStore(environment);
  await store.create({ name: 'lan', subnet: '10.9.0.0/24' });
  const member = { network: 'lan', name: 'vmlet', address: '10.9.0.2', mac: '52:54:0a:09:00:02' };
  const leave = addGuest(ownLocations(environment).networks, member, identifyProcess(process.pid)!);
  const error = await store.remove('lan').then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(NetworkInUseError);
  expect(error).toMatchObject({ hint: 'wait until the throw-away machines have ended, then try again' });
  leave();
  await store.remove('lan');
  expect(store.names()).toEqual([]);
});
