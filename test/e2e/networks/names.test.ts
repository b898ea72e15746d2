import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { probeHost } from '../../../src/host/probe.ts';
import { ownLocations } from '../../../src/machine/paths/own-locations.ts';
import { sshFiles } from '../../../src/machines/ssh/ssh-files.ts';
import { Lab } from '../../hardening/networks/lab.ts';
import { until } from '../../until.ts';
import { type Home, makeHome } from '../named/home.ts';
import { membersOf } from './members.ts';

const { qemu } = await probeHost({ cacheDirectory: ownLocations().cache });

vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

/** For one command: the patience with a member, and the rest for a busy host. */
const BOUND_MS = 25_000;

let home: Home;
let lab: Lab;
const { vmlet, create, inGuest, ping } = membersOf(() => home);

beforeEach(async () => {
  home = await makeHome();
  lab = new Lab(home);
  await vmlet('network', 'create', 'lan');
});
afterEach(async () => home.close());

/** The members in a guest’s hosts file, which no command has reached since. */
async function namesIn(name: string): Promise<string[]> {
  expect(await lab.liesInHosts(name)).toEqual([]);
  const lines = (await lab.hostsOf(name)).matchAll(/^10\.\S+ (\S+) \S+\.lan/gm);
  return [...lines].map(([, member = '']) => member);
}

/** Its connections end with the boot before. */
async function untilItHasBooted(name: string, before: string): Promise<void> {
  await until(async () => ![before, undefined].includes(await lab.bootOf(name).catch(() => undefined)));
}

async function reboot(name: string): Promise<void> {
  const before = await lab.bootOf(name);
  await vmlet('reset', name);
  await untilItHasBooted(name, before);
}

test('running members learn who was created, cloned, renamed, moved and removed', async () => {
  await create('web', '--network', 'lan', '--start');
  await create('db', '--network', 'lan:alias=primary', '--start');
  expect(await namesIn('web')).toEqual(['db', 'web']);
  expect(await namesIn('db')).toEqual(['db', 'web']);
  await create('spare', '--network', 'lan');
  expect(await namesIn('web')).toEqual(['db', 'spare', 'web']);
  await vmlet('clone', 'spare', 'copy');
  expect(await namesIn('web')).toEqual(['copy', 'db', 'spare', 'web']);
  await vmlet('rename', 'copy', 'shop');
  expect(await namesIn('web')).toEqual(['db', 'shop', 'spare', 'web']);
  await vmlet('network', 'disconnect', 'lan', 'shop');
  expect(await namesIn('web')).toEqual(['db', 'spare', 'web']);
  await vmlet('rm', '--storage', 'spare');
  expect(await namesIn('web')).toEqual(['db', 'web']);
  expect(await namesIn('db')).toEqual(['db', 'web']);
  await vmlet('rm', '--force', '--storage', 'db');
  expect(await namesIn('web')).toEqual(['web']);
  expect(await lab.hostsOf('web')).not.toContain('primary');
});

test('running members know a one-off machine for as long as it runs', async () => {
  await create('web', '--network', 'lan', '--start');
  const script = 'echo up; until ping -c 1 -W 1 10.9.0.9 > /dev/null; do :; done';
  const once = home.start(['run', '--network', 'lan', '--name', 'once', 'micro', '--', 'sh', '-c', script]);
  await until(() => once.stdout().includes('up'));
  expect(await namesIn('web')).toEqual(['web', 'once']);
  await inGuest('web', 'ip', 'addr', 'add', '10.9.0.9/24', 'dev', 'eth1');
  expect(await once.finished).toMatchObject({ status: 0 });
  expect(await namesIn('web')).toEqual(['web']);
});

test('a member that hangs holds nothing up for long, and learns the names later', async () => {
  await create('web', '--network', 'lan', '--start');
  await create('db', '--network', 'lan', '--start');
  const { pid = NaN } = lab.running('db').qemu ?? {};
  process.kill(pid, 'SIGSTOP');
  try {
    const began = performance.now();
    await create('spare', '--network', 'lan');
    await vmlet('rename', 'spare', 'shop');
    expect(performance.now() - began).toBeLessThan(2 * BOUND_MS);
    expect(await namesIn('web')).toEqual(['db', 'shop', 'web']);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await inGuest('db', 'true');
  expect(await namesIn('db')).toEqual(['db', 'shop', 'web']);
});

test('a partition holds for a machine with another name, and not for another machine with its name', async () => {
  await create('web', '--network', 'lan');
  await create('db', '--network', 'lan', '--start');
  await vmlet('network', 'partition', 'lan', 'web', 'db');
  await vmlet('rename', 'web', 'shop');
  expect((await lab.networks.get('lan')).partitions).toEqual([[['shop'], ['db']]]);
  await Promise.all([create('web', '--network', 'lan', '--start'), vmlet('start', 'shop')]);
  await ping('web', 'db');
  expect(await home.exec('shop', 'ping', '-c', '2', '-W', '1', 'db')).toMatchObject({ status: 1 });
  await vmlet('rm', '--force', '--storage', 'db');
  expect((await lab.networks.get('lan')).partitions).toEqual([]);
  await create('db', '--network', 'lan', '--start');
  await ping('shop', 'db');
});

test('a partition does not hold for a member that has left and comes back', async () => {
  const partitions = async () => (await lab.networks.get('lan')).partitions;
  await vmlet('network', 'create', 'dmz');
  for (const name of ['web', 'db', 'mail']) await create(name, '--network', 'lan');
  await vmlet('network', 'partition', 'lan', 'web', 'db', 'mail');
  await vmlet('network', 'disconnect', 'lan', 'mail');
  await vmlet('network', 'connect', 'lan', 'mail');
  expect(await partitions()).toEqual([[['web'], ['db']]]);
  await vmlet('set', 'web', '--network', 'lan:alias=shop');
  expect(await partitions()).toEqual([[['web'], ['db']]]);
  await vmlet('set', 'web', '--network', 'dmz');
  await vmlet('set', 'web', '--network', 'lan');
  expect(await partitions()).toEqual([]);
});

test('a member learns what it has missed when it is resumed, and when its memory is restored', async () => {
  await create('web', '--network', 'lan', '--disk', '64M', '--start');
  await vmlet('snapshot', 'create', 'web', 'alone');
  await vmlet('pause', 'web');
  await create('db', '--network', 'lan');
  await vmlet('resume', 'web');
  expect(await namesIn('web')).toEqual(['db', 'web']);
  await vmlet('snapshot', 'restore', 'web', 'alone');
  expect(await namesIn('web')).toEqual(['db', 'web']);
});

test('members that boot again have the present names, before a command reaches them', async () => {
  await create('web', '--network', 'lan', '--start');
  // Its own name stays when it leaves the network, and leads to itself: programs take the first address.
  expect(await lab.hostsOf('web')).toMatch(/^127\.0\.1\.1 web$[^]*^# vmlet lan$/m);
  await create('db', '--network', 'lan:alias=primary', '--start');
  const before = await lab.bootOf('web');
  await vmlet('pause', 'web');
  await create('spare', '--network', 'lan');
  await vmlet('reset', 'web');
  await vmlet('resume', 'web');
  await untilItHasBooted('web', before);
  expect(await namesIn('web')).toEqual(['db', 'spare', 'web']);
  expect(await lab.hostsOf('web')).toMatch(/^127\.0\.0\.1 localhost$/m);
});

test('a member gets the names although the host cannot keep them for its next boot, and starts again', async () => {
  await create('web', '--network', 'lan', '--start');
  const { keeper, names } = home.store.get('web').files;
  const { ino } = statSync(keeper);
  rmSync(names);
  mkdirSync(join(names, 'in-the-way'), { recursive: true });
  await create('db', '--network', 'lan');
  expect(await namesIn('web')).toEqual(['db', 'web']);
  await vmlet('kill', 'web');
  await vmlet('start', 'web');
  expect(await namesIn('web')).toEqual(['db', 'web']);
  expect(statSync(names).isFile()).toBe(true);
  // Another process may be writing to it at the same time.
  expect(statSync(keeper).ino).toBe(ino);
});

// Debian 12's QEMU cannot connect a running machine.
test.skipIf(!qemu.hasStreamReconnect)('a member that has left its networks boots without names', async () => {
  await create('web', '--network', 'lan');
  await create('db', '--start');
  await vmlet('start', 'web');
  await vmlet('network', 'connect', 'lan', 'db');
  await reboot('db');
  expect(await namesIn('db')).toEqual(['db', 'web']);
  await vmlet('network', 'disconnect', 'lan', 'db');
  await reboot('db');
  expect(await lab.hostsOf('db')).not.toContain('vmlet');
});

// Debian 12's QEMU cannot connect a running machine.
test.skipIf(!qemu.hasStreamReconnect)('ssh knows a machine by its present names', async () => {
  const config = (name: string): string => sshFiles(home.store.get(name).files.ssh).config;
  const host = (name: string): string => /^Host .*$/m.exec(readFileSync(config(name), 'utf8'))?.[0] ?? '';
  await create('web', '--start');
  const before = readFileSync(config('web'), 'utf8');
  expect(host('web')).toBe('Host web.vmlet');
  await vmlet('network', 'connect', 'lan:alias=www', 'web');
  expect(host('web')).toBe('Host web.vmlet web.lan www.lan');
  await vmlet('network', 'disconnect', 'lan', 'web');
  expect(readFileSync(config('web'), 'utf8')).toBe(before);
  await vmlet('kill', 'web');
  await vmlet('set', 'web', '--network', 'lan:alias=primary');
  expect(host('web')).toBe('Host web.vmlet web.lan primary.lan');
  await vmlet('rename', 'web', 'db');
  expect(existsSync(config('db'))).toBe(false);
  await vmlet('start', 'db');
  expect(host('db')).toBe('Host db.vmlet db.lan primary.lan');
});
