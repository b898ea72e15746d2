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
import { until } from '../command.ts';

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

async function get(from: Machine, name: string): Promise<string | undefined> {
  // The busybox of Debian 12 crashes on wget -T.
  const { exitCode, stdout } = await from.exec(['timeout', '3', 'wget', '-q', '-O', '-', `http://${name}/`]);
  return exitCode === 0 ? stdout.toString().trim() : undefined;
}

async function defaultRoutes(machine: Machine): Promise<string[]> {
  const { stdout } = await machine.exec(['ip', 'route']);
  return stdout
    .toString()
    .split('\n')
    .filter((line) => line.startsWith('default'));
}

it('lets machines find each other by name, booted or forked', async () => {
  expect(network.members).toEqual([
    { name: 'web', address: '10.99.0.2', mac: '52:54:0a:63:00:02' },
    { name: 'db', address: '10.99.0.3', mac: '52:54:0a:63:00:03' },
  ]);
  expect(web.networks).toMatchObject([{ name: 'web', network }]);
  expect(await get(web, 'db')).toBe('db');
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
  expect(await Promise.all([get(web, 'db'), get(db, 'web')])).toEqual([undefined, undefined]);
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
  await until(async () => (await get(db, 'late')) === 'late');
});

it('survives the end of a machine, and gives the same address to the next machine of that name', async () => {
  await using first = await template.fork({ networks: [{ network, name: 'cache' }] });
  await serve(first);
  expect(await get(web, 'cache')).toBe(first.name);
  await first.kill();
  expect(network.members.map(({ name }) => name)).toEqual(['web', 'db']);
  expect(await get(web, 'cache')).toBeUndefined();
  expect(await get(web, 'db')).toBe('db');
  await using second = await template.fork({ networks: [{ network, name: 'cache' }] });
  await serve(second);
  expect(await get(web, 'cache')).toBe(second.name);
  expect(second.name).not.toBe(first.name);
});

it('keeps networks separate; a machine can be in two', async () => {
  await using backstage = createNetwork();
  await using both = await template.fork({ name: 'both', networks: [network, backstage] });
  await using behind = await template.fork({ name: 'behind', networks: [backstage] });
  await serve(both, behind);
  expect(await Promise.all([get(both, 'web'), get(both, 'behind')])).toEqual(['web', 'behind']);
  expect(await get(behind, 'both')).toBe('both');
  expect(await get(behind, 'web')).toBeUndefined();
  // Not even with the address and a route.
  await behind.exec(['sh', '-c', 'ip address add 10.99.0.9/24 dev eth1']);
  expect(await get(behind, '10.99.0.2')).toBeUndefined();
  // A closed network forwards nothing, and its machines continue.
  await backstage[Symbol.asyncDispose]();
  expect(await Promise.all([get(both, 'web'), get(both, 'behind')])).toEqual(['web', undefined]);
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
  const { stderr, exitCode } = await web.exec(['udhcpc', '-f', '-n', '-q', '-i', 'eth0', '-s', '/bin/true']);
  expect(stderr.toString()).toContain('lease of 10.99.0.2 obtained from 10.99.0.1');
  expect(exitCode).toBe(0);
});

it('rejects invalid combinations and leaves nothing', async () => {
  await expect(fork('db')).rejects.toThrow(/network "shop" already has a machine named "db"/);
  await expect(template.fork({ networks: [network, createNetwork(), createNetwork()] })).rejects.toThrow(
    /too many networks: 3; forks of template \S+ can join at most 2/,
  );
  await expect(createTemplate({ networkCards: 9 })).rejects.toThrow(InvalidInputError);
  expect(network.members.map(({ name }) => name)).toEqual(['web', 'db']);
});
