import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  InvalidInputError,
  type Machine,
  type Network,
  type TemporaryTemplate,
  createNetwork,
  createTemplate,
  launch,
} from '../../../src/index.ts';
import { awaitedLater, until } from '../../until.ts';

/** Each serves a page with its name. */
const SERVE = 'mkdir -p /srv && hostname > /srv/index.html && httpd -h /srv';

let network: Network;
let template: TemporaryTemplate;
/** Booted with its card, while the others are forks. */
let web: Machine;
let db: Machine;

beforeAll(async () => {
  network = createNetwork({ name: 'shop', subnet: '10.99.0.0/24' });
  template = await createTemplate({ networkCards: 2 });
  web = await launch({ name: 'web', net: 'none', networks: [network] });
  db = await fork('db');
  await serve(web, db);
});

afterAll(async () => {
  await Promise.all([web, db].map(async (machine) => machine.kill()));
  await template[Symbol.asyncDispose]();
  await network[Symbol.asyncDispose]();
});

async function fork(name: string): Promise<Machine> {
  return template.fork({ name, networks: [network] });
}

async function serve(...machines: Machine[]): Promise<void> {
  for (const machine of machines) expect((await machine.exec(['sh', '-c', SERVE])).exitCode).toBe(0);
}

/** Where nobody is to answer. */
const BRIEF_S = 3;

async function get(from: Machine, name: string, seconds = 30): Promise<string | undefined> {
  // The busybox of Debian 12 crashes on wget -T.
  const limit = ['timeout', String(seconds)] as const;
  const { exitCode, stdout } = await from.exec([...limit, 'wget', '-q', '-O', '-', `http://${name}/`]);
  return exitCode === 0 ? stdout.toString().trim() : undefined;
}

async function pings(from: Machine, name: string): Promise<boolean> {
  return (await from.exec(['ping', '-c', '1', '-W', '5', name])).exitCode === 0;
}

async function defaultRoutes(machine: Machine): Promise<string[]> {
  const { stdout } = await machine.exec(['ip', 'route']);
  return stdout
    .toString()
    .split('\n')
    .filter((line) => line.startsWith('default'));
}

it('lets machines find each other by name, booted or forked', async () => {
  const { ipv6 } = network;
  const none = { alias: undefined };
  expect(network.members).toEqual([
    { name: 'web', ...none, address: '10.99.0.2', ipv6: `${ipv6}2`, mac: '52:54:0a:63:00:02' },
    { name: 'db', ...none, address: '10.99.0.3', ipv6: `${ipv6}3`, mac: '52:54:0a:63:00:03' },
  ]);
  expect(web.networks).toMatchObject([{ name: 'web', network }]);
  expect(await get(web, 'db')).toBe('db');
  expect(await get(web, 'db.shop')).toBe('db');
  // Also by IPv6, a booted machine and a fork.
  expect([await pings(web, `${ipv6}3`), await pings(db, `${ipv6}2`)]).toEqual([true, true]);
  expect(await get(db, 'web')).toBe('web');
  const ping = await web.exec(['ping', '-c', '1', '-s', '4000', 'db']);
  expect(ping.stdout.toString()).toContain('(10.99.0.3)');
  expect(ping.exitCode).toBe(0);
  // A machine without another network has no default route, and the others keep theirs.
  expect(await defaultRoutes(web)).toEqual([]);
  expect(await defaultRoutes(db)).toHaveLength(1);
});

it('partitions machines silently, and heals', async () => {
  await using third = await fork('third');
  await serve(third);
  network.partition(['web'], ['db']);
  const cut = [get(web, 'db', BRIEF_S), get(db, 'web', BRIEF_S)];
  expect(await Promise.all(cut)).toEqual([undefined, undefined]);
  expect(await Promise.all([get(web, 'third'), get(third, 'web')])).toEqual(['third', 'web']);
  expect(await Promise.all([get(db, 'third'), get(third, 'db')])).toEqual(['third', 'db']);
  network.heal();
  expect(await Promise.all([get(web, 'db'), get(db, 'web')])).toEqual(['db', 'web']);
});

it('does not wait forever for a paused machine, which is updated later', async () => {
  await db.qmp.execute('stop');
  await using late = await fork('late');
  await serve(late);
  expect(await get(late, 'web')).toBe('web');
  await db.qmp.execute('cont');
  await until(async () => (await get(db, 'late', BRIEF_S)) === 'late');
});

it('survives the end of a machine, and gives the same address to the next machine of that name', async () => {
  await using first = await template.fork({ name: 'cache', networks: [network] });
  await serve(first);
  expect(await get(web, 'cache')).toBe('cache');
  const { address } = network.members.at(-1) ?? {};
  await first.kill();
  expect(network.members.map(({ name }) => name)).toEqual(['web', 'db']);
  expect(await get(web, 'cache', BRIEF_S)).toBeUndefined();
  expect(await get(web, 'db')).toBe('db');
  await using second = await template.fork({ name: 'cache', networks: [network] });
  await serve(second);
  expect(await get(web, 'cache')).toBe('cache');
  expect(network.members.at(-1)).toMatchObject({ name: 'cache', address });
});

it('gives a member the alias and the addresses that it asks for, and those of one that has ended', async () => {
  const options = { alias: 'primary', ip: '10.99.0.50', mac: '52:54:00:aa:00:01' };
  const take = async (name: string) => template.fork({ name, networks: [{ network, ...options }] });
  await using first = await take('first');
  expect(first.networks).toMatchObject([{ name: 'first', alias: 'primary', address: '10.99.0.50' }]);
  expect(first.networks[0]?.ipv6).toMatch(/:32$/);
  const look = await first.exec(['sh', '-c', 'ip address show dev eth1']);
  expect(look.stdout.toString()).toMatch(
    new RegExp(`52:54:00:aa:00:01[^]* 10\\.99\\.0\\.50/24 [^]* ${first.networks[0]?.ipv6}/64 `),
  );
  await serve(first);
  expect([await get(web, 'first'), await get(web, 'primary.shop')]).toEqual(['first', 'first']);
  await expect(take('second')).rejects.toThrow(
    'the name "primary" is taken by machine "first" in network "shop"',
  );
  await first.kill();
  await using second = await take('second');
  await serve(second);
  expect([await get(web, 'primary'), await get(web, '10.99.0.50')]).toEqual(['second', 'second']);
  expect(await get(web, 'first', BRIEF_S)).toBeUndefined();
});

it('delays the frames of a member, in both directions, and loses some', async () => {
  await using slow = await template.fork({ name: 'slow', networks: [{ network, latency: '200ms' }] });
  const { stdout } = await web.exec(['ping', '-c', '3', 'slow']);
  const [, least = '0'] = /min\/avg\/max = ([\d.]+)/.exec(stdout.toString()) ?? [];
  expect(Number(least)).toBeGreaterThanOrEqual(400);
  expect(await pings(slow, 'db')).toBe(true);
  await using lost = await template.fork({ name: 'lost', networks: [{ network, loss: '100%' }] });
  expect((await web.exec(['ping', '-c', '1', '-W', '1', 'lost'])).exitCode).not.toBe(0);
  expect((await lost.exec(['ping', '-c', '1', '-W', '1', 'web'])).exitCode).not.toBe(0);
});

it('captures frames', async () => {
  const [all, ofDb] = [network.capture(), network.capture('db')];
  const read = async (file: AsyncIterable<Buffer>, isEnough: (bytes: Buffer) => boolean): Promise<void> => {
    let bytes = Buffer.alloc(0);
    for await (const chunk of file) {
      bytes = Buffer.concat([bytes, chunk]);
      if (isEnough(bytes)) break;
    }
  };
  const marks = (bytes: Buffer): number => bytes.toString('latin1').split('\x5a'.repeat(40)).length - 1;
  const done = awaitedLater(
    Promise.all([all, ofDb].map(async (file) => read(file, (bytes) => marks(bytes) >= 2))),
  );
  // The request and the reply have the pattern.
  expect((await web.exec(['ping', '-c', '1', '-p', '5a', 'db'])).exitCode).toBe(0);
  await done;
});

it('keeps networks separate; a machine can be in two', async () => {
  await using backstage = createNetwork();
  await using both = await template.fork({ name: 'both', networks: [network, backstage] });
  await using behind = await template.fork({ name: 'behind', networks: [backstage] });
  await serve(both, behind);
  expect(await Promise.all([get(both, 'web'), get(both, 'behind')])).toEqual(['web', 'behind']);
  expect(await get(behind, 'both')).toBe('both');
  expect(await get(behind, 'web', BRIEF_S)).toBeUndefined();
  // Not even with the address and a route.
  await behind.exec(['sh', '-c', 'ip address add 10.99.0.9/24 dev eth1']);
  expect(await get(behind, '10.99.0.2', BRIEF_S)).toBeUndefined();
  // A closed network forwards nothing, and its machines continue.
  await backstage[Symbol.asyncDispose]();
  const answers = [get(both, 'web'), get(both, 'behind', BRIEF_S)];
  expect(await Promise.all(answers)).toEqual(['web', undefined]);
  expect(await both.stop()).toMatchObject({ rung: 'guest', outcome: { kind: 'power-off' } });
});

it('gives its members its MTU', async () => {
  await using jumbo = createNetwork({ mtu: 9000 });
  await using one = await template.fork({ name: 'one', networks: [jumbo] });
  await using other = await template.fork({ name: 'other', networks: [network, jumbo] });
  const look = async (machine: Machine, command: string) =>
    (await machine.exec(['sh', '-c', command])).stdout.toString();
  const mtus = 'cat /sys/class/net/eth1/mtu /sys/class/net/eth2/mtu';
  expect([await look(one, mtus), await look(other, mtus)]).toEqual(['9000\n1500\n', '1500\n9000\n']);
  expect(await look(one, 'ping -c 1 -s 8900 other')).toContain('1 packets received');
});

it('assigns addresses by DHCP too', async () => {
  // busybox’s client, which only requests: the configuration is already in place.
  const script = `printf '#!/bin/sh\\necho mtu $mtu >&2\\n' >/tmp/lease; chmod +x /tmp/lease; exec "$@"`;
  const client = ['udhcpc', '-f', '-n', '-q', '-i', 'eth0', '-O', 'mtu', '-s', '/tmp/lease'];
  const { stderr, exitCode } = await web.exec(['sh', '-c', script, 'sh', ...client]);
  expect(stderr.toString()).toContain('lease of 10.99.0.2 obtained from 10.99.0.1');
  expect(stderr.toString()).toContain('mtu 1500');
  expect(exitCode).toBe(0);
});

it('rejects invalid combinations and leaves nothing', async () => {
  await expect(fork('db')).rejects.toThrow('the name "db" is taken by machine "db" in network "shop"');
  await expect(template.fork({ networks: [network, createNetwork(), createNetwork()] })).rejects.toThrow(
    /too many networks: 3; forks of template \S+ can join at most 2/,
  );
  await expect(createTemplate({ networkCards: 9 })).rejects.toThrow(InvalidInputError);
  expect(network.members.map(({ name }) => name)).toEqual(['web', 'db']);
});
