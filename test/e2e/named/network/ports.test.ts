import { once } from 'node:events';
import { createSocket } from 'node:dgram';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bootSectors } from '../../../../fixtures/guests/boot-sectors.ts';
import { countWaiting } from '../../../../src/network/ports/socket-table.ts';
import type { NamedMachine } from '../../../../src/machines/index.ts';
import { type Finished } from '../../command.ts';
import { until } from '../../../until.ts';
import { findPesto } from '../../probed-host.ts';
import { type Home, makeHome } from '../home.ts';

/** Below the kernel’s range of ephemeral ports. */
const BASE = 20_000 + (process.pid % 1000) * 10;
const ECHO = `127.0.0.1:${BASE}:7`;
const host = (offset: number): number => BASE + offset;
const HAS_IPV6 = Object.values(networkInterfaces())
  .flat()
  .some((one) => one?.family === 'IPv6' && one.address.startsWith('fe80:'));

const PESTO = await findPesto();

let home: Home;
const sockets = new Set<Socket>();

beforeAll(async () => {
  home = await makeHome();
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
});
afterAll(async () => home.close());

/** A machine whose guest answers on its ports 7 (echo), and 80 and 81 (HTTP). */
async function serving(net: 'passt' | 'slirp', ...more: readonly string[]): Promise<NamedMachine> {
  const flags = [ECHO, ...more].flatMap((forward) => ['-p', forward]);
  expect(
    await home.vmlet('create', net, '--image', 'micro', '--net', net, ...flags, '--start'),
  ).toMatchObject({ status: 0 });
  await serve(net);
  return home.store.get(net);
}

async function serve(name: string): Promise<void> {
  const script = [
    'mkdir -p /tmp/www && echo served > /tmp/www/index.html',
    'httpd -h /tmp/www -p 80 && httpd -h /tmp/www -p 81',
    'setsid nc -ll -p 7 -e cat < /dev/null > /dev/null 2>&1 &',
    'until netstat -ln | grep -q ":7 "; do usleep 10000; done',
  ];
  expect(await home.vmlet('exec', name, '--', 'sh', '-c', script.join('\n'))).toMatchObject({
    status: 0,
    stderr: '',
  });
}

/** The whole answer to a connection, or the reason why there is none. */
async function ask(port: number, address = '127.0.0.1'): Promise<string> {
  const socket = connect(port, address);
  sockets.add(socket);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  socket.on('connect', () => socket.write('GET / HTTP/1.0\r\n\r\n'));
  socket.setTimeout(20_000, () => socket.destroy(Object.assign(new Error(), { code: 'NO ANSWER' })));
  try {
    await once(socket, 'close');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
  return text.includes('served') ? 'served' : text;
}

const REFUSED = 'ECONNREFUSED';
const askAll = async (...ports: number[]): Promise<string[]> =>
  Promise.all(ports.map(async (port) => ask(port)));

/** A connection to the guest's port 7, which has been answered. */
async function openEcho(): Promise<{ says: (text: string) => Promise<string>; ended: () => boolean }> {
  const socket = connect(BASE, '127.0.0.1').setEncoding('utf8');
  sockets.add(socket);
  let ended = false;
  socket.on('error', () => undefined).on('close', () => (ended = true));
  const says = async (text: string): Promise<string> => {
    socket.write(text);
    let heard = '';
    const listen = (chunk: string): void => void (heard += chunk);
    socket.on('data', listen);
    await until(() => heard.length >= text.length || ended);
    socket.off('data', listen);
    return heard;
  };
  expect(await says('first')).toBe('first');
  return { says, ended: () => ended };
}

/** Sends a datagram, and returns the host’s immediate error, if any. */
async function sendDatagram(port: number): Promise<string | undefined> {
  const socket = createSocket('udp4');
  try {
    socket.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const refusal = once(socket, 'error').then(([error]) => (error as NodeJS.ErrnoException).code);
    socket.send('datagram');
    return await Promise.race([refusal, delay(100, undefined)]);
  } finally {
    socket.close();
  }
}

/** The number of datagrams that the guest’s kernel received for closed ports; busybox has no listener for them. */
async function datagramsOf(name: string): Promise<number> {
  const { stdout } = await home.vmlet('exec', name, '--', 'cat', '/proc/net/snmp');
  return Number(/^Udp: \d+ (\d+)/m.exec(stdout)?.[1]);
}

const port = async (...args: string[]): Promise<Finished> => home.vmlet('port', ...args);
const done = async (...args: string[]): Promise<void> => {
  expect(await port(...args)).toMatchObject({ status: 0, stderr: '' });
};
const RESTARTING =
  'vmlet: restarting passt to change the forwards; this ends the open connections of the guest through passt\n';
/** For a change that only another passt has where there is no pesto. */
const doneByRestart = async (net: 'passt' | 'slirp', ...args: string[]): Promise<void> => {
  const stderr = net === 'passt' && PESTO === undefined ? RESTARTING : '';
  expect(await port(...args)).toMatchObject({ status: 0, stderr });
};

function passtOf(machine: NamedMachine): number | undefined {
  const status = machine.status();
  return status.kind === 'running' ? status.helpers['passt']?.pid : undefined;
}

/** Changes the network of the run, as a command that was killed or another release leaves it. */
function rewriteNetwork({ files }: NamedMachine, change: (network: Record<string, unknown>) => object): void {
  const plan = JSON.parse(readFileSync(files.plan, 'utf8')) as { network: Record<string, unknown> };
  writeFileSync(files.plan, JSON.stringify({ ...plan, network: change(plan.network) }));
}

interface Listed {
  version: 1;
  ports: {
    protocol: string;
    hostAddress: string;
    hostPort?: number;
    guestPort: number;
    ephemeral?: boolean;
    automatic?: true;
  }[];
}
const list = async (name: string): Promise<Listed> =>
  JSON.parse((await port('ls', '--json', name)).stdout) as Listed;

it('vmlet port of a stopped machine removes forwards by the host’s side, as it is listed', async () => {
  const ports = [`${host(1)}:80`, `${host(1)}:80/udp`, `127.0.0.2:${host(1)}:80`, `[::1]:${host(1)}:80`];
  await home.store.create({ name: 'idle', image: 'micro', ports });
  await done('rm', 'idle', `127.0.0.1:${host(1)}/tcp`);
  await done('rm', 'idle', `[0:0::1]:${host(1)}`);
  const left = home.store.get('idle').ports();
  expect(left.map(({ hostAddress, protocol }) => [hostAddress, protocol])).toEqual([
    ['127.0.0.1', 'udp'],
    ['127.0.0.2', 'tcp'],
  ]);
  for (const gone of [`127.0.0.1:${host(1)}/tcp`, '127.0.0.1:99999', '999.1.1.1:80']) {
    expect((await port('rm', 'idle', gone)).stderr).toContain(`no such forward in machine "idle": ${gone}\n`);
  }
  await home.removeAll();
});

it('vmlet port shows the forward that vmlet adds for ssh, and does not remove it', async () => {
  const image = join(home.path, 'hang.img');
  writeFileSync(image, bootSectors.hang);
  const flags = ['--image', `${image},format=raw`, '-m', '64M', '--net', 'slirp', '-p', `${host(1)}:80`];
  expect(await home.vmlet('create', 'bare', ...flags)).toMatchObject({ status: 0 });
  const refuses = async (text: string): Promise<void> => {
    const message = `vmlet itself adds this forward to machine "bare", for ssh; it cannot be removed: ${text}\n`;
    expect((await port('rm', 'bare', text)).stderr).toContain(message);
  };
  const marks = async (): Promise<unknown[]> =>
    (await list('bare')).ports.map(({ guestPort, automatic }) => [guestPort, automatic]);
  expect(await marks()).toEqual([
    [80, undefined],
    [22, true],
  ]);
  await refuses('127.0.0.1::22/tcp');
  expect(await home.vmlet('start', 'bare')).toMatchObject({ status: 0 });
  expect(await marks()).toEqual([
    [80, undefined],
    [22, true],
  ]);
  const [, ssh] = (await list('bare')).ports;
  for (const text of [`${ssh?.hostPort}`, `127.0.0.1:${ssh?.hostPort}/tcp`]) await refuses(text);
  await done('rm', 'bare', '--all');
  expect((await list('bare')).ports).toEqual([ssh]);
  expect((await port('ls', 'bare')).stdout).toContain(
    `127.0.0.1:${ssh?.hostPort}/tcp  22/tcp, for ssh, added by vmlet\n`,
  );
  await home.removeAll();
});

describe.each(['passt', 'slirp'] as const)('vmlet port of a running machine, with %s', (net) => {
  let machine: NamedMachine;
  beforeAll(async () => {
    machine = await serving(net);
  });
  afterEach(async () => {
    const added = machine.ports().filter(({ hostPort }) => hostPort !== BASE);
    const wanted = added.map(({ hostPort, protocol }) => `${hostPort ?? 0}/${protocol}`);
    if (wanted.length > 0) expect(await port('rm', net, ...wanted)).toMatchObject({ status: 0 });
  });
  afterAll(async () => home.removeAll());

  it('adds several forwards and ranges, and removes one while the others answer', async () => {
    await done('add', net, `${host(1)}:80`, `${host(2)}-${host(3)}:80-81`);
    expect(await askAll(host(1), host(2), host(3))).toEqual(['served', 'served', 'served']);
    await done('rm', net, String(host(2)));
    expect(await askAll(host(1), host(2), host(3))).toEqual(['served', REFUSED, 'served']);
    await done('rm', net, `${host(1)}:80`, `127.0.0.1:${host(3)}:81`);
    expect(await askAll(host(1), host(3))).toEqual([REFUSED, REFUSED]);
    await openEcho();
  });

  it('removes a range by its host ports or as it was given, and a chosen port as it is bound', async () => {
    const before = await list(net);
    const range = `${host(1)}-${host(3)}`;
    for (const text of [range, `${range}:91-93`]) {
      await done('add', net, `${range}:91-93`);
      await done('rm', net, text);
      expect(await list(net)).toEqual(before);
    }
    await done('add', net, `${host(1)}-${host(2)}:91-92`);
    expect((await port('rm', net, range)).stderr).toContain(`no such forward in machine "${net}": ${range}`);
    await done('rm', net, `${host(1)}-${host(2)}`);
    expect(await port('add', net, '94')).toMatchObject({ status: 0 });
    const chosen = (await list(net)).ports.find(({ guestPort }) => guestPort === 94);
    await done('rm', net, `127.0.0.1:${chosen?.hostPort}:94`);
    expect(await list(net)).toEqual(before);
  });

  it.each(['given at its start', 'added later'])(
    'names the machine that holds a host port %s',
    async (when) => {
      const hostPort = when === 'added later' ? host(3) : BASE;
      if (when === 'added later') await done('add', net, `${hostPort}:80`);
      const other = await home.vmlet(
        'create',
        'other',
        '--image',
        'micro',
        '-p',
        `${hostPort}:80`,
        '--start',
      );
      expect(other).toMatchObject({ status: 125 });
      expect(other.stderr).toContain(`host port 127.0.0.1:${hostPort}/tcp is in use`);
      // passt hides itself from all users but root. Without pesto, the keeper listens on a port that is added.
      const isShown = process.getuid?.() === 0 || (when === 'added later' && PESTO === undefined);
      if (net === 'slirp' || isShown) {
        expect(other.stderr).toContain(` by machine "${net}" (`);
        expect(other.stderr).toContain(`remove the forward: vmlet port rm ${net} ${hostPort}\n`);
      }
      await home.vmlet('rm', '--storage', 'other');
      if (when === 'added later') await done('rm', net, String(hostPort));
    },
  );

  it('adds and removes a forward for UDP', async () => {
    await doneByRestart(net, 'add', net, `${host(4)}:9/udp`);
    const before = await datagramsOf(net);
    await until(async () => {
      await sendDatagram(host(4));
      return (await datagramsOf(net)) > before;
    });
    expect((await port('rm', net, String(host(4)))).stderr).toContain(
      `no such forward in machine "${net}": ${host(4)}`,
    );
    await doneByRestart(net, 'rm', net, `${host(4)}/udp`);
    expect(await sendDatagram(host(4))).toBe(REFUSED);
    expect(countWaiting()('127.0.0.1', host(4), 'udp')).toBe(0);
  });

  it('is told before connections end for the ports of a command, of which one is for UDP', async () => {
    const restarts = net === 'passt' && PESTO === undefined;
    const open = await openEcho();
    const before = passtOf(machine);
    const restarted: unknown[] = [];
    const onPasstRestart = (): unknown => restarted.push([passtOf(machine), open.ended()]);
    // A passt with pesto keeps the socket of the removed UDP forward's exchange for a while.
    await machine.addPorts([`${host(1)}:80`, `${host(8)}:9/udp`], { onPasstRestart });
    expect(restarted).toEqual(restarts ? [[before, false]] : []);
    await until(async () => (await ask(host(1))) === 'served');
    if (restarts) await until(open.ended);
    else expect(await open.says('second')).toBe('second');
    expect(passtOf(machine) === before).toBe(!restarts);
    // passt has the port for TCP, too: the agent could no longer keep a connection.
    await doneByRestart(net, 'rm', net, String(host(1)));
    expect(await ask(host(1))).toBe(REFUSED);
  });

  it('lists forwards as JSON, including chosen ports', async () => {
    const { stdout } = await port('add', '--json', net, '80');
    const added = JSON.parse(stdout) as Listed;
    expect(added).toEqual({
      version: 1,
      ports: [
        {
          protocol: 'tcp',
          hostAddress: '127.0.0.1',
          hostPort: expect.any(Number) as number,
          guestPort: 80,
          ephemeral: true,
        },
      ],
      sockets: [],
    });
    expect(await ask(added.ports[0]!.hostPort!)).toBe('served');
    const { version, ports } = await list(net);
    expect(version).toBe(1);
    expect(ports).toContainEqual(added.ports[0]);
    expect(ports).toContainEqual({
      protocol: 'tcp',
      hostAddress: '127.0.0.1',
      hostPort: BASE,
      guestPort: 7,
      ephemeral: false,
    });
    expect(ports).toHaveLength(2);
  });

  it('changes nothing if a port is taken', async () => {
    await done('add', net, `${host(1)}:80`);
    const before = [readFileSync(machine.files.spec, 'utf8'), readFileSync(machine.files.plan, 'utf8')];
    const open = await openEcho();
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const taken = (server.address() as AddressInfo).port;
    try {
      const refused = await port('add', net, `${host(2)}:80`, `${taken}:80`);
      expect(refused.status).toBe(125);
      expect(refused.stderr).toContain(String(taken));
    } finally {
      server.close();
    }
    expect(await open.says('still there')).toBe('still there');
    expect([readFileSync(machine.files.spec, 'utf8'), readFileSync(machine.files.plan, 'utf8')]).toEqual(
      before,
    );
    expect(await askAll(host(1), host(2))).toEqual(['served', REFUSED]);
  });

  it('succeeds for one of two concurrent commands', async () => {
    const both = await Promise.all([port('add', net, `${host(1)}:80`), port('add', net, `${host(2)}:80`)]);
    const answers = await askAll(host(1), host(2));
    both.forEach(({ status, stderr }, index) => {
      expect(answers[index]).toBe(status === 0 ? 'served' : REFUSED);
      if (status !== 0) expect(stderr).toContain(`machine "${net}" is busy`);
    });
    expect(both.some(({ status }) => status === 0)).toBe(true);
  });

  it('keeps the connections of other forwards, as its help says', async () => {
    const change = { add: `${host(1)}:80`, rm: String(host(1)) };
    const promise = { add: 'Open connections continue', rm: 'Other connections continue' };
    for (const verb of ['add', 'rm'] as const) {
      const help = (await port(verb, '--help')).stdout.replaceAll(/\s+/g, ' ');
      expect(help).toContain(promise[verb]);
      const open = await openEcho();
      await done(verb, net, change[verb]);
      expect(await open.says('second')).toBe('second');
    }
  });
});

describe('passt that has pesto', () => {
  let machine: NamedMachine;
  beforeAll(async () => {
    if (PESTO !== undefined) machine = await serving('passt', `${host(7)}:80`, `${host(8)}:9/udp`);
  });
  afterAll(async () => home.removeAll());

  it('keeps open connections when forwards of its start go and others come, of both protocols', async ({
    skip,
  }) => {
    if (PESTO === undefined) skip('passt has no pesto');
    const pid = passtOf(machine);
    const open = await openEcho();
    await done('rm', 'passt', String(host(7)), `${host(8)}/udp`);
    expect(await ask(host(7))).toBe(REFUSED);
    expect(await sendDatagram(host(8))).toBe(REFUSED);
    await done('add', 'passt', `${host(7)}:81`, `${host(8)}:9/udp`);
    expect(await ask(host(7))).toBe('served');
    const before = await datagramsOf('passt');
    await until(async () => {
      await sendDatagram(host(8));
      return (await datagramsOf('passt')) > before;
    });
    expect(await open.says('second')).toBe('second');
    expect(passtOf(machine)).toBe(pid);
    // passt serves them, and not the agent: they are there after passt was killed.
    process.kill(pid ?? 0, 'SIGKILL');
    await until(() => passtOf(machine) !== undefined && passtOf(machine) !== pid);
    await until(async () => (await ask(host(7))) === 'served');
  });

  it('has only the earlier forwards after a port was taken', async ({ skip }) => {
    if (PESTO === undefined) skip('passt has no pesto');
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const taken = (server.address() as AddressInfo).port;
    const before = await list('passt');
    const refused = await port('add', 'passt', `${host(2)}:80`, `${taken}:80`);
    server.close();
    await once(server, 'close');
    expect(refused.status).toBe(125);
    expect(await list('passt')).toEqual(before);
    expect(await askAll(host(2), taken)).toEqual([REFUSED, REFUSED]);
    await done('add', 'passt', `${taken}:80`);
    expect(await ask(taken)).toBe('served');
    await done('rm', 'passt', String(taken));
    await done('add', 'passt', `${taken}:81`);
    await done('rm', 'passt', String(taken));
  });

  it('loses a forward that an interrupted change has announced only', async ({ skip }) => {
    if (PESTO === undefined) skip('passt has no pesto');
    const open = await openEcho();
    rewriteNetwork(machine, (network) => {
      const [first] = network['forwards'] as object[];
      return {
        ...network,
        forwards: [...(network['forwards'] as object[]), { ...first, hostPort: host(3) }],
      };
    });
    await done('add', 'passt', `${host(2)}:80`);
    expect(await askAll(host(2), host(3))).toEqual(['served', REFUSED]);
    expect((await list('passt')).ports.map(({ hostPort }) => hostPort)).not.toContain(host(3));
    expect(await open.says('second')).toBe('second');
    await done('rm', 'passt', String(host(2)));
  });

  it('is restarted where pesto does not work and the agent cannot take its place', async ({ skip }) => {
    if (PESTO === undefined) skip('passt has no pesto');
    for (const broken of ['/bin/false', '/not/there']) {
      rewriteNetwork(machine, (network) => ({
        ...network,
        control: { ...(network['control'] as object), pesto: broken },
      }));
      for (const change of [
        ['add', 'passt', `${host(2)}:80`, `${host(2)}:9/udp`],
        ['rm', 'passt', String(host(2))],
        ['rm', 'passt', `${host(2)}/udp`],
      ]) {
        const before = passtOf(machine);
        expect(await port(...change)).toMatchObject({ status: 0, stderr: RESTARTING });
        expect(passtOf(machine)).not.toBe(before);
        expect(await ask(host(2))).toBe(change[0] === 'add' ? 'served' : REFUSED);
      }
    }
  });
});

describe('passt that is killed', () => {
  let machine: NamedMachine;
  beforeAll(async () => {
    machine = await serving('passt', `${host(9)}:80`, ...(HAS_IPV6 ? [`[::1]:${host(5)}:80`] : []));
  });
  afterAll(async () => home.removeAll());

  const kill = async (): Promise<number> => {
    const pid = await until(() => passtOf(machine));
    process.kill(pid, 'SIGKILL');
    await until(() => passtOf(machine) !== pid);
    return pid;
  };
  const programs = (): string[] =>
    home.processes().map(({ commandLine }) => basename(commandLine.split(' ')[0] ?? '').replace(/\..*/, ''));

  it('is restarted automatically, and the idle guest answers again', async () => {
    const open = await openEcho();
    await kill();
    await until(open.ended);
    await until(async () => (await ask(host(9))) === 'served');
    // passt’s /proc entries are readable only by root.
    const others = programs().filter((name) => name !== 'passt');
    expect(others.sort()).toEqual(['qemu-system-x86_64', 'vmlet-keeper']);
  });

  it('serves IPv6 as before', async ({ skip }) => {
    if (!HAS_IPV6) skip('this host has no interface with an IPv6 link-local address');
    await until(async () => (await ask(host(5), '::1')) === 'served');
    await kill();
    await until(async () => (await ask(host(5), '::1')) === 'served');
    // It was there at the start. Without pesto, passt is restarted, which ends all connections.
    const open = await openEcho();
    await doneByRestart('passt', 'rm', 'passt', `[::1]:${host(5)}:80`);
    expect(await ask(host(5), '::1')).toBe(REFUSED);
    if (PESTO === undefined) await until(open.ended);
    else expect(await open.says('second')).toBe('second');
  });

  it('is restarted after five kills in a row, and the guest’s link stays up', async () => {
    const changes = async (): Promise<string> =>
      (await home.vmlet('exec', 'passt', '--', 'cat', '/sys/class/net/eth0/carrier_changes')).stdout;
    const before = await changes();
    const killed = new Set<number>();
    for (let time = 0; time < 5; time++) killed.add(await kill());
    expect(killed.size).toBe(5);
    await until(async () => (await ask(host(9))) === 'served');
    expect(await changes()).toBe(before);
  });

  it('has the new ports although it was starting with the earlier ones', async () => {
    const listens = (): boolean => countWaiting()('127.0.0.1', host(7), 'udp') > 0;
    for (let round = 0; round < 2; round++) {
      for (const verb of ['add', 'rm']) {
        process.kill(await until(() => passtOf(machine)), 'SIGKILL');
        await doneByRestart('passt', verb, 'passt', verb === 'add' ? `${host(7)}:9/udp` : `${host(7)}/udp`);
        expect(listens()).toBe(verb === 'add');
      }
    }
    await until(async () => (await ask(host(9))) === 'served');
  });
});

describe('passt whose forwards the agent adds', () => {
  let machine: NamedMachine;
  beforeAll(async () => {
    machine = await serving('passt');
  });
  afterAll(async () => home.removeAll());

  it.each(['/bin/false', '/not/there'])('keeps its connections if pesto fails: %s', async (broken) => {
    let own: object = {};
    rewriteNetwork(machine, (network) => {
      own = network;
      // Any file is taken for passt's socket.
      return { ...network, control: { pesto: broken, socketPath: machine.files.plan } };
    });
    const before = passtOf(machine);
    const open = await openEcho();
    await done('add', 'passt', `${host(1)}:80`);
    expect(await ask(host(1))).toBe('served');
    await done('rm', 'passt', String(host(1)));
    expect(await ask(host(1))).toBe(REFUSED);
    expect(await open.says('second')).toBe('second');
    expect(passtOf(machine)).toBe(before);
    rewriteNetwork(machine, () => own);
  });

  it('is restarted for more ports than the agent can have', async () => {
    const open = await openEcho();
    await done('add', 'passt', '101-132');
    expect(await open.says('second')).toBe('second');
    await doneByRestart('passt', 'add', 'passt', `${host(2)}:80`);
    if (PESTO === undefined) await until(open.ended);
    else expect(await open.says('third')).toBe('third');
    await until(async () => (await ask(host(2))) === 'served');
  });
});

it('vmlet port add to a stopped machine takes effect at its start', async () => {
  expect(await home.vmlet('create', 'm', '--image', 'micro')).toMatchObject({ status: 0 });
  await done('add', 'm', `${host(6)}:80`, '81');
  expect((await list('m')).ports).toContainEqual({
    protocol: 'tcp',
    hostAddress: '127.0.0.1',
    guestPort: 81,
  });
  expect(await ask(host(6))).toBe(REFUSED);
  expect(await home.vmlet('start', 'm')).toMatchObject({ status: 0 });
  await serve('m');
  const chosen = (await list('m')).ports.find(({ guestPort }) => guestPort === 81)!;
  expect(await askAll(host(6), chosen.hostPort!)).toEqual(['served', 'served']);
  await home.removeAll();
});
