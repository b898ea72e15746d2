import { existsSync, mkdirSync, readFileSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { probeHost } from '../../../src/host/probe.ts';
import { ownLocations } from '../../../src/machine/paths/own-locations.ts';
import { NetworkStore } from '../../../src/machines/index.ts';
import { temporaryDirectory } from '../../directory.ts';
import { until } from '../../until.ts';
import { type Home, makeHome } from '../named/home.ts';
import { StashedMachine } from '../template/stashed-machine.ts';
import { membersOf } from './members.ts';

const { qemu } = await probeHost({ cacheDirectory: ownLocations().cache });
/** Debian 12's cannot. */
const connecting = test.skipIf(!qemu.hasStreamReconnect);

vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

let home: Home;
const { vmlet, create, inGuest, ping } = membersOf(() => home);
let networks: NetworkStore;

const directory = temporaryDirectory();
/** web in no network, and db in lan. */
let web: StashedMachine;
let db: StashedMachine;

beforeAll(async () => {
  home = await makeHome();
  await vmlet('network', 'create', 'lan');
  await Promise.all([create('web', '--start'), create('db', '--network', 'lan', '--start')]);
  web = await StashedMachine.take(home, 'web', directory);
  db = await StashedMachine.take(home, 'db', directory);
  await home.close();
});
beforeEach(async () => {
  home = await makeHome();
  networks = new NetworkStore(home.environment);
  await vmlet('network', 'create', 'lan');
});
// Also the switch of a killed plug, or of an interrupted connection, ends by itself.
afterEach(async () => home.close({ waitsForSwitches: true }));

const refusal = async (...args: string[]): Promise<string> => {
  const { status, stderr } = await home.vmlet(...args);
  expect(status).toBe(125);
  return stderr;
};
const hostsOf = async (name: string): Promise<string> => inGuest(name, 'cat', '/etc/hosts');
const addressesOf = async (name: string): Promise<string> => inGuest(name, 'ip', '-o', '-4', 'addr');
const member = async (network: string, name: string) =>
  (await networks.get(network)).members.find((one) => one.name === name);
/** A file that the machine's keeper reads. */
const keeperFile = (machine: string, file: string): string =>
  join(home.path, 'data/vmlet/machines', machine, 'keeper', file);

connecting('a running machine joins networks, keeps them over a reboot, and leaves one of them', async () => {
  await vmlet('network', 'create', 'dmz', '--mtu', '9000');
  await create('db', '--network', 'lan', '--network', 'dmz', '--start');
  await web.start(home);
  await vmlet('network', 'connect', 'lan:alias=www,ip=10.9.0.20', 'web');
  await ping('web', 'db');
  // The others learn its names without being asked for anything.
  const { stdout } = await home.exec('db', 'ping', '-c', '1', '-W', '5', 'www.lan');
  expect(stdout).toContain('(10.9.0.20)');
  await vmlet('network', 'connect', 'dmz', 'web');
  const other = (await member('dmz', 'db'))?.address ?? '';
  await inGuest('web', 'ping', '-c', '1', '-W', '5', '-s', '8900', other);
  expect(await refusal('network', 'connect', 'lan', 'web')).toContain(
    'machine "web" is already in network "lan"',
  );

  // Its plug comes back as that of any other card.
  const plugs = () =>
    home
      .processes()
      .filter(({ commandLine }) => /vmlet-plug \S*\/lan\/switch web /.test(commandLine))
      .map(({ pid }) => pid);
  const [plug = NaN, ...more] = plugs();
  expect(more).toEqual([]);
  process.kill(plug, 'SIGKILL');
  await until(() => plugs().some((pid) => pid !== plug));
  await until(async () => (await member('lan', 'web'))?.plugged === true);
  await ping('web', 'db');

  // The guest boots again in the same QEMU: its keeper knows the cards by now.
  const { pid } = home.processes().find(({ commandLine }) => commandLine.includes('guest=web')) ?? {};
  await vmlet('reset', 'web');
  await vmlet('wait', 'web', '--for', 'agent');
  await ping('web', 'db');
  expect(home.processes().find(({ commandLine }) => commandLine.includes('guest=web'))?.pid).toBe(pid);

  await vmlet('network', 'disconnect', 'lan', 'web');
  expect(await addressesOf('web')).not.toContain('10.9.0.');
  expect(await hostsOf('web')).not.toContain('db.lan');
  expect(await hostsOf('db')).not.toContain('www.lan');
  expect(await member('lan', 'web')).toBeUndefined();
  await until(async () => ((await networks.get('lan')).switch?.ports.length ?? 0) === 1);
  await ping('web', 'db.dmz');
  expect(await refusal('network', 'disconnect', 'lan', 'web')).toBe(
    'vmlet: machine "web" is not in network "lan"\n  choose one of: dmz\n',
  );

  // The card that stays has its port after a save, and after a restart too.
  await vmlet('save', 'web');
  expect(await refusal('network', 'connect', 'lan', 'web')).toContain(
    'has saved memory, so its networks cannot be changed',
  );
  await vmlet('start', 'web');
  await ping('web', 'db.dmz');
  await vmlet('restart', 'web');
  await ping('web', 'db.dmz');
  await vmlet('network', 'connect', 'lan', 'web');
  await ping('web', 'db.lan');
  await ping('db', 'web.lan');
});

connecting('snapshots with memory belong to the networks of their time', async () => {
  await db.start(home);
  await web.start(home);
  await vmlet('network', 'connect', 'lan', 'web');
  await vmlet('snapshot', 'web', 'inside');
  await vmlet('network', 'disconnect', 'lan', 'web');
  expect(await refusal('snapshot', 'restore', 'web', 'inside')).toContain(
    'private networks: was lan in card-port0',
  );
  await vmlet('network', 'connect', 'lan', 'web');
  await vmlet('snapshot', 'restore', 'web', 'inside');
  await ping('web', 'db');
  await vmlet('kill', 'web');
  await vmlet('snapshot', 'restore', 'web', 'inside');
  await ping('db', 'web');
});

test('a stopped machine changes its definition', async () => {
  await vmlet('network', 'create', 'dmz');
  await create('web', '--network', 'dmz');
  await vmlet('network', 'connect', 'lan:ip=10.9.0.7', 'web');
  expect(await member('lan', 'web')).toMatchObject({ address: '10.9.0.7', plugged: false });
  await vmlet('network', 'disconnect', 'dmz', 'web');
  await vmlet('start', 'web');
  expect(await addressesOf('web')).toContain('10.9.0.7/');
  expect((await networks.get('lan')).members).toHaveLength(1);
  await vmlet('network', 'rm', 'dmz');
});

connecting('the ports that are free at a start are filled, then one is refused', async () => {
  await web.start(home);
  for (const name of ['a', 'b', 'c']) await vmlet('network', 'create', name);
  await vmlet('network', 'connect', 'a', 'web');
  await vmlet('network', 'connect', 'b', 'web');
  const refused = await refusal('network', 'connect', 'c', 'web');
  expect(refused).toContain('machine "web" has no free PCIe slot for another network card');
  expect(await member('c', 'web')).toBeUndefined();
  // A port is free again once its card has left.
  await vmlet('network', 'disconnect', 'a', 'web');
  await vmlet('network', 'connect', 'c', 'web');
  expect(await member('c', 'web')).toMatchObject({ plugged: true });
});

connecting('what cannot be connected stays as it is', async () => {
  await create('alone', '--net', 'none', '--start');
  expect(await refusal('network', 'connect', 'nope', 'alone')).toContain('no such network: nope');
  expect(await refusal('network', 'connect', 'lan:ip=no', 'alone')).toContain('expected an IPv4 address');
  expect(await refusal('network', 'connect', 'lan', 'nobody')).toContain('no such machine: nobody');
  expect(await refusal('network', 'connect', 'lan', 'alone')).toContain('was started without a network');
  await web.start(home);
  await vmlet('pause', 'web');
  expect(await refusal('network', 'connect', 'lan', 'web')).toContain(
    'machine "web" is paused, so its guest cannot get another network card',
  );
  expect((await networks.get('lan')).members).toEqual([]);
  await vmlet('resume', 'web');
  await vmlet('network', 'connect', 'lan', 'web');
  await vmlet('pause', 'web');
  expect(await refusal('network', 'disconnect', 'lan', 'web')).toContain(
    'machine "web" is paused, so its guest cannot release its network card',
  );
  expect(await member('lan', 'web')).toMatchObject({ plugged: true });
  await vmlet('resume', 'web');
  await vmlet('network', 'disconnect', 'lan', 'web');
  expect((await networks.get('lan')).members).toEqual([]);
});

connecting('a keeper forgets a card before its guest releases it, unless the guest does not', async () => {
  const request = (machine: string): string => readFileSync(keeperFile(machine, 'guest.request'), 'utf8');
  await web.start(home);
  expect(request('web')).toBe('');
  await vmlet('network', 'connect', 'lan', 'web');
  expect(request('web')).not.toBe('');
  expect(existsSync(keeperFile('web', 'card0.argv'))).toBe(true);
  await vmlet('network', 'disconnect', 'lan', 'web');
  expect(request('web')).toBe('');
  expect(existsSync(keeperFile('web', 'card0.argv'))).toBe(false);

  // Its kernel ignores the request.
  await create('mute', '--network', 'lan', '--append', 'acpiphp.disable=1', '--start');
  const connected = request('mute');
  expect(connected).not.toBe('');
  const waiting = home.start(['network', 'disconnect', '-t', '5s', 'lan', 'mute']);
  await until(() => request('mute') === '' || waiting.process.exitCode !== null);
  expect(waiting.process.exitCode).toBeNull();
  const { status, stderr } = await waiting.finished;
  expect(stderr).toContain('timed out after 5 s waiting for the guest to release the network card');
  expect(status).toBe(125);
  expect(request('mute')).toBe(connected);
  expect(existsSync(keeperFile('mute', 'card0.argv'))).toBe(true);
});

connecting('a switch that does not answer keeps a machine out, but not in', async () => {
  await db.start(home);
  await web.start(home);
  const table = async (): Promise<string> => readFileSync((await networks.get('lan')).files.table, 'utf8');
  const before = await table();
  const { pid = NaN } = home.processes().find(({ program }) => program === 'vmlet-switch') ?? {};
  const withoutAnswer = async (verb: string) => {
    process.kill(pid, 'SIGSTOP');
    try {
      return await home.vmlet('network', verb, 'lan', 'web');
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  };
  const { status, stderr } = await withoutAnswer('connect');
  expect(status).toBe(124);
  expect(stderr).toContain('waiting for the virtual switch of network "lan" to answer');
  expect(await member('lan', 'web')).toBeUndefined();
  expect(await table()).toBe(before);
  await vmlet('network', 'connect', 'lan', 'web');
  await ping('web', 'db');
  expect(await withoutAnswer('disconnect')).toMatchObject({ status: 0, stderr: '' });
  expect(await member('lan', 'web')).toBeUndefined();
  expect(await table()).toBe(before);
});

connecting('a switch that does not answer makes create and clone leave no machine', async () => {
  await db.start(home);
  await create('web', '--network', 'lan:alias=www');
  const table = async (): Promise<string> => readFileSync((await networks.get('lan')).files.table, 'utf8');
  const before = await table();
  const { pid = NaN } = home.processes().find(({ program }) => program === 'vmlet-switch') ?? {};
  process.kill(pid, 'SIGSTOP');
  try {
    for (const words of [
      ['create', 'late', '--image', 'micro', '--network', 'lan'],
      ['clone', 'web', 'late'],
      ['clone', '--linked', 'web', 'late'],
    ]) {
      const { status, stdout, stderr } = await home.vmlet(...words);
      expect([status, stdout]).toEqual([124, '']);
      expect(stderr).toContain('waiting for the virtual switch of network "lan" to answer');
      expect(home.machines().map(({ name }) => name)).toEqual(['db', 'web']);
    }
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  expect(await member('lan', 'late')).toBeUndefined();
  expect(await table()).toBe(before);
  await vmlet('start', 'web');
  await ping('web', 'db');
  await create('late', '--network', 'lan', '--start');
  await ping('late', 'www');
});

connecting('a machine without another card can leave its network and join it again', async () => {
  await create('web', '--net', 'none', '--network', 'lan', '--start');
  await vmlet('network', 'disconnect', 'lan', 'web');
  expect(await addressesOf('web')).not.toContain('10.9.0.');
  await vmlet('network', 'connect', 'lan', 'web');
  expect(await addressesOf('web')).toContain('10.9.0.');
});

connecting('a connection that was interrupted is completed or removed by the next command', async () => {
  await db.start(home);
  await web.start(home);
  await vmlet('network', 'connect', 'lan', 'web');
  const { spec, plan } = home.store.get('web').files;
  const written = new Map([spec, plan].map((path) => [path, readFileSync(path)]));
  /** Leaves the files as when QEMU does not have the card yet. */
  const interruptAfter = async (...paths: string[]): Promise<void> => {
    await vmlet('network', 'disconnect', 'lan', 'web');
    for (const path of paths) writeFileSync(path, written.get(path) ?? '');
  };
  for (const paths of [[spec], [spec, plan]]) {
    await interruptAfter(...paths);
    await vmlet('network', 'connect', 'lan', 'web');
    await ping('db', 'web');
  }
  await interruptAfter(spec, plan);
  await vmlet('network', 'disconnect', 'lan', 'web');
  expect(await member('lan', 'web')).toBeUndefined();
});

connecting('a card that cannot be taken back stays in the definition', async () => {
  await web.start(home);
  const request = keeperFile('web', 'guest.request');
  rmSync(request);
  mkdirSync(request);
  const refused = await refusal('network', 'connect', 'lan', 'web');
  expect(refused).toContain('could not be connected to network "lan": EISDIR');
  expect(refused).toContain('; its new network card could not be removed');
  expect(refused).toContain('disconnect the machine: vmlet network disconnect lan web');
  await until(async () => (await member('lan', 'web'))?.plugged === true);
  rmdirSync(request);
  await vmlet('network', 'disconnect', 'lan', 'web');
  expect(await member('lan', 'web')).toBeUndefined();
  await vmlet('network', 'connect', 'lan', 'web');
  expect(await addressesOf('web')).toContain('10.9.0.');
});
