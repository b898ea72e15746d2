import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { cpioArchive } from '../../../src/images/formats/cpio.ts';
import { ensureMicro } from '../../../src/images/micro/micro.ts';
import { ownLocations } from '../../../src/machine/paths/own-locations.ts';
import { agentProgram } from '../../../src/machine/paths/package-files.ts';
import { NetworkStore, type PrivateNetwork } from '../../../src/machines/index.ts';
import { until } from '../../until.ts';
import { type Home, makeHome } from '../named/home.ts';
import { membersOf } from './members.ts';

// Many tests start three machines, and restart some.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

let home: Home;
const { vmlet, create, inGuest, ping } = membersOf(() => home);
let networks: NetworkStore;

const openHome = async (): Promise<void> => {
  home = await makeHome();
  networks = new NetworkStore(home.environment);
};

const lan = async (): Promise<PrivateNetwork> => networks.get('lan');
const member = async (name: string) => (await lan()).members.find((one) => one.name === name);

/** Live processes of the networks. */
const running = (program: string): number[] =>
  home
    .processes()
    .filter((one) => one.program === program)
    .map(({ pid }) => pid);
const theOnly = (program: string): number => {
  const [pid, ...others] = running(program);
  if (pid === undefined || others.length > 0)
    throw new Error(`expected one ${program}: ${running(program).join(' ')}`);
  return pid;
};
/** The plug of one member has its name as a word. */
const plugOf = (name: string): number => {
  const found = home
    .processes()
    .find(({ program, commandLine }) => program === 'vmlet-plug' && commandLine.split(' ').includes(name));
  if (!found) throw new Error(`no plug of ${name}`);
  return found.pid;
};

/** The init of a guest without an agent. */
const ALONE = `#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sys /sys
modprobe -q af_packet
modprobe -q virtio_net
until udhcpc -q -n -i eth0; do :; done
echo "alone has $(ip -o -4 addr show dev eth0 | sed 's/.*inet \\([^ ]*\\).*/\\1/')"
exec sleep 99999
`;

/** Returns for how many seconds pings were lost while `fault` happened, of six seconds. */
async function lostSeconds(from: string, to: string, fault: () => void | Promise<void>): Promise<number> {
  const pings = home.start(['exec', from, '--', 'ping', '-c', '12', '-i', '0.5', '-W', '2', to]);
  await until(() => pings.stdout().includes('seq=1 '));
  await fault();
  const { stdout } = await pings.finished;
  const [, received = 'none'] = /12 packets transmitted, (\d+) packets received/.exec(stdout) ?? [];
  return (12 - Number(received)) / 2;
}

/** The frames of a pcap file, which may be incomplete. */
function framesIn(pcap: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 24; at + 16 <= pcap.length;) {
    const end = at + 16 + pcap.readUInt32LE(at + 8);
    frames.push(pcap.subarray(at + 16, end));
    at = end;
  }
  return frames;
}

const macIn = (frame: Buffer, at: number): string =>
  frame
    .toString('hex', at, at + 6)
    .match(/../g)
    ?.join(':') ?? '';
/** Broadcasts, and groups of IPv6. */
const isForAll = (frame: Buffer): boolean => ((frame[0] ?? 0) & 1) === 1;

describe('private networks', () => {
  beforeEach(openHome);
  afterEach(async () => home.close());

  test('machines find each other by name, including later ones, and the last one leaves nothing', async () => {
    await vmlet('network', 'create', 'lan');
    await create('web', '--network', 'lan', '--start');
    await until(() => running('vmlet-switch').length === 1);
    await create('db', '--network', 'lan:alias=primary,ip=10.9.0.20', '--start');
    for (const name of ['db', 'db.lan', 'primary', 'primary.lan']) await ping('web', name);
    expect(await ping('db', 'web')).toContain('10.9.0.2)');
    // A third one that is started later, and one that was never started.
    await create('cache', '--network', 'lan', '--start');
    await create('spare', '--network', 'lan');
    await ping('cache', 'web');
    await ping('web', 'cache.lan');
    const hosts = await inGuest('web', 'cat', '/etc/hosts');
    expect(hosts).toMatch(/^10\.9\.0\.4 spare spare\.lan$/m);
    // IPv6, and the default route still uses the first card.
    await ping('web', (await member('db'))?.ipv6 ?? '');
    expect(await inGuest('web', 'ip', 'route')).toMatch(/^default via 10\.0\.2\.2 dev eth0/m);

    const { members } = await lan();
    expect(members.map(({ name, address, plugged }) => [name, address, plugged])).toEqual([
      ['cache', '10.9.0.3', true],
      ['db', '10.9.0.20', true],
      ['spare', '10.9.0.4', false],
      ['web', '10.9.0.2', true],
    ]);

    // Addresses survive a restart, and so do names that are only in memory.
    await vmlet('restart', 'db');
    await ping('web', 'db');
    await ping('db', 'web.lan');
    expect(await member('db')).toMatchObject({ address: '10.9.0.20', plugged: true });

    await vmlet('kill', 'web', 'db', 'cache');
    await until(() => home.processes().length === 0);
    expect(existsSync((await lan()).files.socket)).toBe(false);
  });

  test('a machine can be in one private network alone, or in two', async () => {
    await vmlet('network', 'create', 'lan');
    await vmlet('network', 'create', 'dmz', '--mtu', '9000');
    await create('db', '--net', 'none', '--net', 'lan', '--start');
    await create('web', '--network', 'lan', '--network', 'dmz', '--start');
    await create('cache', '--net', 'none', '--network', 'dmz', '--start');
    await ping('web', 'db');
    await ping('web', 'cache');
    expect(await inGuest('db', 'ip', '-o', '-4', 'addr')).not.toContain('10.0.2.15');
    // A frame of 9000 bytes passes if the network’s MTU permits it.
    await inGuest('web', 'ping', '-c', '1', '-W', '5', '-s', '8900', 'cache');
    expect(await inGuest('web', 'cat', '/sys/class/net/eth2/mtu')).toBe('9000\n');
    // There is no router between the two.
    expect(await home.exec('db', 'ping', '-c', '1', 'cache')).toMatchObject({ status: 1 });
    // A machine that leaves a network forgets its names.
    await vmlet('kill', 'web');
    await vmlet('set', 'web', '--net', 'dmz');
    await vmlet('start', 'web');
    expect(await inGuest('web', 'cat', '/etc/hosts')).not.toContain('lan');
    expect(await inGuest('db', 'cat', '/etc/hosts')).not.toContain('web.lan');
  });

  test('a clone has its own addresses, and rename and rm update the members', async () => {
    await vmlet('network', 'create', 'lan');
    await create('web', '--network', 'lan:alias=www');
    await vmlet('clone', 'web', 'web2');
    const [web, web2] = [await member('web'), await member('web2')];
    expect(web).toMatchObject({ address: '10.9.0.2', mac: '52:54:0a:09:00:02', alias: 'www' });
    expect(web2).toMatchObject({ address: '10.9.0.3', mac: '52:54:0a:09:00:03', alias: undefined });
    await vmlet('start', 'web', 'web2');
    await ping('web', 'web2');
    await ping('web2', 'www.lan');
    expect(await home.vmlet('network', 'rm', 'lan')).toMatchObject({
      status: 125,
      stderr: expect.stringContaining('network "lan" is in use by web, web2') as string,
    });
    await vmlet('kill', 'web2');
    expect(await home.vmlet('rename', 'web2', 'www')).toMatchObject({
      stderr: expect.stringContaining('the name "www" is taken by machine "web" in network "lan"') as string,
    });
    await vmlet('rename', 'web2', 'shop');
    await vmlet('start', 'shop');
    await ping('web', 'shop');
    expect(await inGuest('web', 'cat', '/etc/hosts')).not.toContain('web2');
    await vmlet('rm', '--force', '--storage', 'shop', 'web');
    await vmlet('network', 'rm', 'lan');
    expect(networks.names()).toEqual([]);
    expect(existsSync(join(home.path, 'data/vmlet/networks/lan'))).toBe(false);
  });

  test('a missing network is named when a member starts', async () => {
    await vmlet('network', 'create', 'lan');
    await vmlet('network', 'create', 'other');
    await create('web', '--network', 'lan:alias=www,latency=20ms', '--network', 'other:alias=shop');
    const { files } = await lan();
    const { rm } = await import('node:fs/promises');
    await rm(files.directory, { recursive: true });
    const refused = await home.vmlet('start', 'web');
    expect(refused.status).toBe(125);
    expect(refused.stderr).toBe(
      'vmlet: machine "web" is in network "lan", which was removed\n' +
        '  create the network again: vmlet network create lan; or disconnect the machine: vmlet network disconnect lan web\n',
    );
    await vmlet('network', 'create', 'lan', '--subnet', '172.20.0.0/24');
    expect(await member('web')).toMatchObject({ address: '10.9.0.2', ipv6: undefined, latencyMs: 20 });
    const moved = await home.vmlet('start', 'web');
    expect(moved.stderr).toContain(
      'cannot use its address 10.9.0.2 in network "lan", whose subnet is now 172.20.0.0/24',
    );
    // The advice as it is printed keeps the options of all its networks.
    const [, advice = ''] = /give the machine another address: vmlet (.*)\n/.exec(moved.stderr) ?? [];
    expect(advice).toBe('set web --network lan:alias=www,latency=20ms --network other:alias=shop');
    await vmlet(...advice.split(' '));
    expect(await member('web')).toMatchObject({ address: '172.20.0.2', alias: 'www' });
    await vmlet('start', 'web');
    expect(await inGuest('web', 'ip', '-o', '-4', 'addr')).toContain('172.20.0.2/24');
    await vmlet('kill', 'web');
    await rm(files.directory, { recursive: true });
    await vmlet('network', 'disconnect', 'lan', 'web');
    await vmlet('start', 'web');
  });
});

describe('a machine in a network', () => {
  beforeAll(async () => {
    await openHome();
    await vmlet('network', 'create', 'lan');
    await create('web', '--network', 'lan');
    await create('db', '--network', 'lan');
    await Promise.all([vmlet('start', 'web'), vmlet('start', 'db')]);
  });
  afterAll(async () => home.close());

  test('shares its switch with one that was started at the same time', async () => {
    // That of the other start finds it, and ends.
    await until(() => running('vmlet-switch').length === 1);
    await ping('web', 'db');
    await ping('db', 'web');
  });

  test('is not affected when the keeper of another is killed, and hardly when its switch or plug is', async () => {
    await create('cache', '--network', 'lan', '--start');
    const first = theOnly('vmlet-switch');
    expect(await lostSeconds('web', 'db', () => void process.kill(first, 'SIGKILL'))).toBeLessThanOrEqual(2);
    expect(theOnly('vmlet-switch')).not.toBe(first);
    expect(
      await lostSeconds('web', 'db', () => void process.kill(plugOf('db'), 'SIGKILL')),
    ).toBeLessThanOrEqual(2);
    // The keeper of one machine: its QEMU and plug end with it.
    const keeper = home
      .processes()
      .find(
        ({ program, commandLine }) => program === 'vmlet-keeper' && commandLine.includes('/machines/cache/'),
      );
    expect(
      await lostSeconds('web', 'db', () => void process.kill(keeper?.pid ?? NaN, 'SIGKILL')),
    ).toBeLessThanOrEqual(2);
    await until(async () => (await member('cache'))?.plugged === false);
    await vmlet('start', 'cache');
    await ping('cache', 'db');
    await vmlet('rm', '--force', '--storage', 'cache');
  });

  test('reaches others again after pause and resume', async () => {
    await vmlet('pause', 'db');
    expect(await home.exec('web', 'ping', '-c', '1', '-W', '1', 'db')).toMatchObject({
      status: 1,
    });
    await vmlet('resume', 'db');
    await ping('web', 'db');
  });

  test('resumes saved memory with its card', async () => {
    await vmlet('save', 'db');
    await until(async () => (await member('db'))?.plugged === false);
    await vmlet('start', 'db');
    await ping('web', 'db');
    await ping('db', 'web');
  });

  test('is cut off by a partition until it heals, even after a new switch', async () => {
    await vmlet('network', 'partition', 'lan', 'web', 'db');
    const cut = async () => home.exec('web', 'ping', '-c', '1', '-W', '1', 'db');
    expect(await cut()).toMatchObject({ status: 1 });
    process.kill(theOnly('vmlet-switch'), 'SIGKILL');
    await until(async () => (await lan()).members.every(({ plugged }) => plugged));
    expect(await cut()).toMatchObject({ status: 1 });
    await vmlet('network', 'heal', 'lan');
    await ping('web', 'db');
    expect((await home.vmlet('set', 'web', '--network', 'lan:ip=10.9.0.99')).stderr).toContain(
      'is running and cannot be moved to other networks',
    );
    await ping('db', 'web');
    expect(await home.vmlet('network', 'partition', 'lan', 'web', 'nobody')).toMatchObject({
      stderr: expect.stringContaining('machine "nobody" is not in this network') as string,
    });
  });

  test('appears in a capture of the network', async () => {
    const file = join(home.path, 'lan.pcap');
    const capture = home.start(['network', 'capture', 'lan', '-o', file]);
    await until(() => capture.stderr().includes('traffic of network "lan"'));
    await ping('web', 'db');
    const holdsPing = (): boolean => readFileSync(file).includes(Buffer.from([0x45, 0x00]));
    await until(holdsPing);
    capture.process.kill('SIGINT');
    expect(await capture.finished).toMatchObject({ status: 0 });
    const bytes = readFileSync(file);
    expect(bytes.readUInt32LE()).toBe(0xa1b2c3d4);
    expect(bytes.readUInt32LE(20)).toBe(1);
  });

  test('reaches a guest without an agent, which gets the same address from the switch at each start', async () => {
    const { kernelPath, initrdPath } = await ensureMicro({
      store: ownLocations().images,
      agentPath: agentProgram(),
    });
    const initrd = join(home.path, 'initrd');
    const init = cpioArchive([{ type: 'file', path: 'alone', mode: 0o755, data: Buffer.from(ALONE) }]);
    // The kernel unpacks concatenated archives.
    writeFileSync(initrd, Buffer.concat([readFileSync(initrdPath), init]));
    const boot = [
      '--kernel',
      kernelPath,
      '--initrd',
      initrd,
      '--append',
      'console=ttyS0 quiet rdinit=/alone',
    ];
    const serial = (): string => readFileSync(home.store.get('alone').files.serialLog, 'latin1');
    const isUp = async (times: number) => until(() => serial().split('alone has ').length > times);
    await vmlet('create', 'alone', ...boot, '--net', 'none', '--network', 'lan', '--start');
    await isUp(1);
    const address = (await member('alone'))?.address ?? '';
    expect(await ping('web', 'alone')).toContain(`(${address})`);
    await vmlet('kill', 'alone');
    await vmlet('start', 'alone');
    await isUp(2);
    await ping('web', 'alone');
    const lines = serial().matchAll(/alone has (.*)\r/g);
    expect([...lines].map(([, lease]) => lease)).toEqual([`${address}/24`, `${address}/24`]);
    await vmlet('rm', '--force', 'alone');
  });

  test('is as far away as its cable is long, and alone in a capture of its frames', async () => {
    await create('far', '--network', 'lan:latency=50ms', '--start');
    const file = join(home.path, 'far.pcap');
    const capture = home.start(['network', 'capture', 'lan', '--member', 'far', '-o', file]);
    await until(() => capture.stderr().includes('traffic of network "lan"'));
    await ping('db', 'web');
    await ping('web', 'far');
    // Its cable delays the answers too.
    const said = await inGuest('web', 'ping', '-c', '3', 'far');
    const [, least] = /round-trip min\/avg\/max = ([\d.]+)/.exec(said) ?? [];
    expect(Number(least), said).toBeGreaterThanOrEqual(100);
    const { mac = '' } = (await member('far')) ?? {};
    const isFars = (frame: Buffer): boolean => [0, 6].some((at) => macIn(frame, at) === mac);
    await until(() => framesIn(readFileSync(file)).some(isFars));
    capture.process.kill('SIGINT');
    expect(await capture.finished).toMatchObject({ status: 0 });
    const others = framesIn(readFileSync(file)).filter((frame) => !isFars(frame) && !isForAll(frame));
    expect(others.map((frame) => [macIn(frame, 6), macIn(frame, 0)])).toEqual([]);
    await vmlet('rm', '--force', '--storage', 'far');
  });

  // The last one: it changes the hardware of db.
  test('is restored from a snapshot, but not with other hardware', async () => {
    await vmlet('snapshot', 'db', 'before');
    await vmlet('snapshot', 'restore', 'db', 'before');
    await ping('web', 'db');
    await vmlet('kill', 'db');
    await vmlet('snapshot', 'restore', 'db', 'before');
    await ping('db', 'web');
    await vmlet('kill', 'db');
    await vmlet('set', 'db', '--network', 'lan:mtu=9000');
    const refused = await home.vmlet('snapshot', 'restore', 'db', 'before');
    expect(refused.stderr).toContain(
      'private networks: was lan in card-port0 (52:54:0a:09:00:03, MTU 1500), is now ',
    );
  });
});
