import { type Socket, connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { chooseHostPorts } from '../../../src/network/ports/host-port.ts';
import { type PortInput, parsePortForwards } from '../../../src/network/ports/port.ts';
import { countWaiting } from '../../../src/network/ports/socket-table.ts';
import type { NamedMachine } from '../../../src/machines/index.ts';
import { deferred } from '../../../src/util/time/deferred.ts';
import { until } from '../../until.ts';
import { type Home, makeHome } from '../../e2e/named/home.ts';
import { alternate } from '../measurement/alternate.ts';
import type { Section } from '../section.ts';
import { describeTimes } from '../measurement/statistics.ts';

const LOOPBACKS = ['127.0.0.1', '::1'] as const;
const GUEST_PORT = 80;
/** The interval between connection attempts, since a lost one does not recover. */
const TRY_EVERY_MS = 20;

interface Gap {
  /** The time until the host listens again. */
  readonly listensMs: number;
  /** The time until a connection made then gets an answer from the guest. */
  readonly answersMs: number;
}

export const namedHeal: Section = {
  title: 'a forward into an idle guest after the end of passt, and a new one after vmlet’s port add',
  rounds: 20,
  async run(rounds) {
    const home = await makeHome();
    try {
      const passt = await serving(home, 'passt');
      const slirp = await serving(home, 'slirp');
      const [ipv4, ipv6] = LOOPBACKS.map((address) => portOf(passt, address));
      const contenders = [
        { name: 'a connection, passt alive', measure: async () => gapOf(LOOPBACKS[0], ipv4!) },
        { name: 'SIGKILL to passt, IPv4', measure: async () => afterKill(passt, LOOPBACKS[0], ipv4!) },
        ...(ipv6 === undefined
          ? []
          : [{ name: 'SIGKILL to passt, IPv6', measure: async () => afterKill(passt, LOOPBACKS[1], ipv6) }]),
        { name: 'port add with passt', measure: async () => afterAdd(passt) },
        { name: 'port add with slirp', measure: async () => afterAdd(slirp) },
      ];
      const samples = await alternate(contenders, rounds);
      const named = contenders.map(({ name }, index) => ({ name, samples: samples[index] ?? [] }));
      const text = named.map(
        ({ name, samples: gaps }) =>
          `${name.padEnd(26)} listens ${describeTimes(gaps.map(({ listensMs }) => listensMs))}; ` +
          `answers ${describeTimes(gaps.map(({ answersMs }) => answersMs))}, ` +
          `most ${Math.max(...gaps.map(({ answersMs }) => answersMs)).toFixed(0)}`,
      );
      return { text: text.join('\n'), data: { gaps: named } };
    } finally {
      await home.close();
    }
  },
};

/** A machine whose guest sends nothing by itself, and answers on its port 80. */
async function serving(home: Home, net: 'passt' | 'slirp'): Promise<NamedMachine> {
  const ports: PortInput[] = [{ guestPort: GUEST_PORT }];
  const create = async (more: PortInput[]): Promise<NamedMachine> =>
    home.store.create({ name: net, image: 'micro', net, ports: [...ports, ...more] });
  const machine = await create(net === 'passt' ? [{ hostAddress: '::1', guestPort: GUEST_PORT }] : []);
  await machine.start();
  const serve = 'mkdir /tmp/www; echo served > /tmp/www/index.html; httpd -h /tmp/www';
  const { status, stderr } = await home.vmlet('exec', net, '--', 'sh', '-c', serve);
  if (status !== 0) throw new Error(stderr);
  return machine;
}

function portOf(machine: NamedMachine, address: string): number | undefined {
  const forward = machine
    .ports()
    .find(({ hostAddress, guestPort }) => hostAddress === address && guestPort === GUEST_PORT);
  return forward?.hostPort;
}

async function afterKill(machine: NamedMachine, address: string, port: number): Promise<Gap> {
  const old = await until(() => passtOf(machine));
  // A helper that lives for less than a second is restarted later, which is not measured here.
  await delay(1100);
  const started = performance.now();
  process.kill(old, 'SIGKILL');
  await until(() => passtOf(machine) !== old || countWaiting()(address, port, 'tcp') === 0);
  return gapOf(address, port, started);
}

async function afterAdd(machine: NamedMachine): Promise<Gap> {
  const [forward] = await chooseHostPorts(parsePortForwards([{ guestPort: GUEST_PORT }]), undefined);
  const { hostAddress, hostPort } = forward!;
  await delay(1100);
  const started = performance.now();
  const adding = machine.addPorts([{ hostPort, guestPort: GUEST_PORT }]);
  const gap = gapOf(hostAddress, hostPort, started);
  await adding;
  const measured = await gap;
  await delay(1100);
  await machine.removePorts([String(hostPort)]);
  return measured;
}

function passtOf(machine: NamedMachine): number | undefined {
  const status = machine.status();
  return status.kind === 'running' ? status.helpers['passt']?.pid : undefined;
}

async function gapOf(address: string, port: number, started = performance.now()): Promise<Gap> {
  while (countWaiting()(address, port, 'tcp') === 0) await delay(1);
  const listensMs = performance.now() - started;
  await firstAnswer(address, port);
  return { listensMs, answersMs: performance.now() - started };
}

async function firstAnswer(address: string, port: number): Promise<void> {
  const sockets: Socket[] = [];
  const { promise, resolve } = deferred<undefined>();
  const ask = (): void => {
    const socket = connect(port, address, () => socket.write('GET / HTTP/1.0\r\n\r\n'));
    sockets.push(socket.on('error', () => undefined).on('data', () => resolve(undefined)));
  };
  ask();
  const timer = setInterval(ask, TRY_EVERY_MS);
  await promise;
  clearInterval(timer);
  for (const socket of sockets) socket.destroy();
}
