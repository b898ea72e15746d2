import { once } from 'node:events';
import { connect } from 'node:net';
import { type Machine, createTemplate, launch } from '../../../src/index.ts';
import { alternate } from '../measurement/alternate.ts';
import { describeTimes, median } from '../measurement/statistics.ts';
import type { Section } from '../section.ts';

const BYTES = 64 * 1024 ** 2;
const CHUNK = Buffer.alloc(64 * 1024);
/** Ports of the guest that take bytes, and send them. */
const [SINK, SOURCE] = [5001, 5002];
const GUEST = { image: 'micro', ports: [String(SINK), String(SOURCE)] } as const;
/**
 * Servers for one connection after the other, which close it when they have read or written all. The sink's input stays
 * open, since nc closes its half of the connection at the end of it.
 */
const SERVE = `
mkfifo /run/open
(exec 9<>/run/open; while :; do nc -l -p ${SINK} <&9 >/dev/null; done) >/dev/null 2>&1 &
(while :; do dd if=/dev/zero bs=64k count=${BYTES / CHUNK.length} 2>/dev/null | nc -l -p ${SOURCE} >/dev/null; done) >/dev/null 2>&1 &
`;
const LISTENING = [SINK, SOURCE]
  .map((port) => `grep -q ':${port.toString(16).toUpperCase()} .* 0A ' /proc/net/tcp*`)
  .join(' && ');
const BITS = 8;

/** Both guests run all the time, so that only the transfer is measured. */
export const throughput: Section = {
  title: `one TCP stream of ${BYTES / 1024 ** 2} MiB through a forwarded port: a fork (passt over a stream) against a boot (passt over vhost-user)`,
  rounds: 10,
  async run(rounds) {
    await using booted = await launch(GUEST);
    await using template = await createTemplate({ image: 'micro' });
    await using forked = await template.fork({ ports: [...GUEST.ports] });
    const guests = [
      { name: 'boot', machine: booted },
      { name: 'fork', machine: forked },
    ];
    for (const { machine } of guests) await machine.exec(['sh', '-c', SERVE]);
    const contenders = guests.flatMap(({ name, machine }) => [
      { name: `${name}, host to guest`, measure: async () => send(machine) },
      { name: `${name}, guest to host`, measure: async () => receive(machine) },
    ]);
    const samples = await alternate(contenders, rounds);
    const backends = guests.map(
      ({ name, machine }) => `${name}: ${machine.plan.network?.backend ?? 'no network'}`,
    );
    const lines = contenders.map(
      ({ name }, index) => `${name.padEnd(20)} ${describeTimes(samples[index] ?? [], 'Mbit/s')}`,
    );
    const ratio = (forkedAt: number, bootedAt: number): string =>
      (median(samples[forkedAt] ?? []) / median(samples[bootedAt] ?? [])).toFixed(2);
    const ratios = [`fork / boot, host to guest ${ratio(2, 0)}, guest to host ${ratio(3, 1)}`];
    return {
      text: [backends.join('; '), ...lines, ...ratios].join('\n'),
      data: {
        backends,
        contenders: contenders.map(({ name }, index) => ({ name, samples: samples[index] })),
      },
    };
  },
};

/** Returns Mbit/s until the guest has read everything: it closes its end then. */
async function send(machine: Machine): Promise<number> {
  return transfer(machine, SINK, async (socket) => {
    for (let sent = 0; sent < BYTES; sent += CHUNK.length) {
      if (!socket.write(CHUNK)) await once(socket, 'drain');
    }
    socket.end();
    return BYTES;
  });
}

async function receive(machine: Machine): Promise<number> {
  return transfer(machine, SOURCE, async () => Promise.resolve(0));
}

async function transfer(
  machine: Machine,
  guestPort: number,
  write: (socket: ReturnType<typeof connect>) => Promise<number>,
): Promise<number> {
  await machine.exec(['sh', '-c', `until ${LISTENING}; do sleep 0.1; done`]);
  const forward = machine.ports.find((one) => one.guestPort === guestPort);
  if (!forward) throw new Error(`port ${guestPort} is not forwarded`);
  const socket = connect({ host: forward.hostAddress, port: forward.hostPort, allowHalfOpen: true });
  await once(socket, 'connect');
  const started = performance.now();
  let received = 0;
  socket.on('data', (chunk: Buffer) => (received += chunk.length));
  const ended = once(socket, 'end');
  const sent = await write(socket);
  await ended;
  const seconds = (performance.now() - started) / 1000;
  socket.end();
  if (sent + received !== BYTES) throw new Error(`${sent} bytes sent and ${received} received of ${BYTES}`);
  return (BYTES * BITS) / 1e6 / seconds;
}
