import { readdirSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { InvalidInputError, crash, createNetwork, createTemplate, launch } from '../../../src/index.ts';
import { NetworkStore } from '../../../src/machines/index.ts';
import { until } from '../../until.ts';
import { type Home, makeHome, processesOf } from '../named/home.ts';
import { membersOf } from './members.ts';

const own = new NetworkStore();
// Most tests start three machines, and restart some.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

let home: Home;
const { vmlet } = membersOf(() => home);

beforeAll(async () => {
  home = await makeHome();
  await vmlet('network', 'create', 'lan');
  await own.create({ name: 'library', mtu: 9000 });
});
afterAll(async () => {
  await own.remove('library');
  await home.close({ waitsForSwitches: true });
});
afterEach(async () => home.removeAll());

test('a one-off machine reaches a named machine by name, and is forgotten afterwards', async () => {
  await vmlet('create', 'db', '--image', 'micro', '--network', 'lan', '--start');
  const networks = new NetworkStore(home.environment);
  const waiting = home.start(['run', '--net', 'lan', 'micro', '--', 'sh', '-c', 'ping -c 1 db; sleep 600']);
  const member = async (name: string) => (await networks.get('lan')).members.find((one) => one.name === name);
  await until(() => waiting.stdout().includes('1 packets received'));
  expect(await member('vmlet')).toMatchObject({ address: '10.9.0.3', plugged: true });
  await vmlet('exec', 'db', '--', 'ping', '-c', '1', '-W', '5', 'vmlet.lan');
  // The default name is in use by now, so another one is chosen.
  const once = ['--net', 'none', '--network', 'lan', 'micro', '--', 'sh', '-c'];
  const script = `cat /etc/hosts; ping -c 1 vmlet; ping -c 1 ${(await member('db'))?.ipv6}`;
  expect(await vmlet('run', ...once, script)).toMatch(
    /^10\.9\.0\.4 vmlet-2 vmlet-2\.lan$[^]*1 packets received[^]*1 packets received/m,
  );
  expect((await home.vmlet('run', '--name', 'db', ...once, 'true')).stderr).toContain(
    'the name "db" is taken by machine "db" in network "lan"',
  );
  expect((await home.vmlet('network', 'rm', 'lan')).stderr).toContain('is in use by db, vmlet');
  // A killed process cannot leave the network.
  waiting.process.kill('SIGKILL');
  await waiting.finished;
  await until(async () => (await member('vmlet')) === undefined);
  expect(await vmlet('run', ...once, 'cat /etc/hosts')).toMatch(/^10\.9\.0\.3 vmlet vmlet\.lan$/m);
  expect(readdirSync((await networks.get('lan')).files.guests)).toEqual([]);
});

test('a partition ends with its machine, and does not cut off the next one of its name', async () => {
  await vmlet('create', 'db', '--image', 'micro', '--network', 'lan', '--start');
  const networks = new NetworkStore(home.environment);
  const partitions = async () => (await networks.get('lan')).partitions;
  const words = ['run', '--name', 'tmp', '--net', 'none', '--net', 'lan', 'micro', '--', 'sh', '-c'];
  const once = 'ping -c 1 -W 20 db; sleep 600';
  for (const signal of ['SIGKILL', 'SIGINT'] as const) {
    const run = home.start([...words, once]);
    await until(() => run.stdout().includes('1 packets received'));
    await vmlet('network', 'partition', 'lan', 'tmp', 'db');
    run.process.kill(signal);
    await run.finished;
    expect(await partitions()).toEqual(signal === 'SIGKILL' ? [[['tmp'], ['db']]] : []);
  }
  expect(await vmlet(...words, 'ping -c 1 -W 20 db')).toContain('1 packets received');
});

test('its card is plugged in again after the switch and its plug were killed', async () => {
  await vmlet('create', 'db', '--image', 'micro', '--network', 'lan', '--start');
  const script = 'ping -c 24 -i 0.5 -W 2 db';
  const pings = home.start(['run', '--net', 'none', '--net', 'lan', 'micro', '--', 'sh', '-c', script]);
  const replies = () => pings.stdout().match(/ seq=/g)?.length ?? 0;
  let isOver = false;
  void pings.finished.then(() => (isOver = true));
  const kill = async (program: string, member: string): Promise<void> => {
    const before = replies();
    await until(() => replies() > before + 1 || isOver);
    const victim = home
      .processes()
      .find((one) => one.program === program && one.commandLine.split(' ').includes(member));
    expect(victim, `a ${program}`).toBeDefined();
    process.kill(victim?.pid ?? NaN, 'SIGKILL');
  };
  const { files } = await new NetworkStore(home.environment).get('lan');
  await kill('vmlet-switch', files.switch);
  await kill('vmlet-plug', 'vmlet');
  const { stdout, status } = await pings.finished;
  expect(status).toBe(0);
  const [, received = 'none'] = /24 packets transmitted, (\d+) packets received/.exec(stdout) ?? [];
  // At most two seconds for each of them, as for named machines.
  expect(24 - Number(received)).toBeLessThanOrEqual(8);
});

test('it learns the names of members that are created and removed while it runs', async () => {
  const script = `
    echo up
    until ping -c 1 -W 1 late; do sleep 0.1; done
    while grep -q late /etc/hosts; do sleep 0.1; done
    echo forgotten`;
  const waiting = home.start(['run', '--net', 'none', '--net', 'lan', 'micro', '--', 'sh', '-c', script]);
  await until(() => waiting.stdout().includes('up\n'));
  await vmlet('create', 'late', '--image', 'micro', '--network', 'lan', '--start');
  await until(() => waiting.stdout().includes('1 packets received'));
  expect(waiting.stdout()).toMatch(/^PING late \(10\.9\.0\.3\)/m);
  await vmlet('rm', '--force', '--storage', 'late');
  expect(await waiting.finished).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('forgotten') as string,
  });
});

test('machines, forks and crashed machines of the library are members', async () => {
  await using db = await launch({
    name: 'db',
    net: 'none',
    networks: ['library:alias=primary,ip=10.9.0.50'],
  });
  expect(db.networks).toMatchObject([{ name: 'db', address: '10.9.0.50', network: { name: 'library' } }]);
  await using template = await createTemplate({ net: 'none', networkCards: 1 });
  await using web = await template.fork({ name: 'web', networks: ['library'] });
  for (const name of ['db', 'primary.library']) {
    expect(await web.exec(['ping', '-c', '1', '-W', '5', '-s', '8900', name])).toMatchObject({ exitCode: 0 });
  }
  // A fork is plugged in again, and so is a machine that has booted.
  const { files } = await own.get('library');
  for (const { pid, program } of processesOf(files.directory)) {
    if (program === 'vmlet-plug' || program === 'vmlet-switch') process.kill(pid, 'SIGKILL');
  }
  await until(async () => (await web.exec(['ping', '-c', '1', '-W', '1', 'db'])).exitCode === 0);
  await using crashed = await crash(db);
  await using again = await crashed.start();
  expect(again.networks).toMatchObject([{ name: 'db', alias: 'primary', address: '10.9.0.50' }]);
  expect(await again.exec(['ping', '-c', '1', '-W', '5', 'web'])).toMatchObject({ exitCode: 0 });
  expect((await own.get('library')).members.map(({ name }) => name)).toEqual(['db', 'web']);
  await expect(launch({ name: 'web', net: 'none', networks: ['library'] })).rejects.toThrow(
    'the name "web" is taken by machine "web" in network "library"',
  );
  // Networks of both kinds are known to overlap when the machine joins, and it then leaves the first one.
  await using here = createNetwork({ subnet: (await own.get('library')).subnet });
  const both = launch({ net: 'none', networks: ['library', here] });
  await expect(both).rejects.toThrow(InvalidInputError);
  await expect(both).rejects.toThrow('overlaps with network "library"');
  expect((await own.get('library')).members.map(({ name }) => name)).toEqual(['db', 'web']);
  expect(here.members).toEqual([]);
  await expect(launch({ networks: ['nowhere'] })).rejects.toThrow('no such network: nowhere');
});
