import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { type Socket, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { SocketPort } from '../../../src/network/ethernet/socket-port.ts';
import { EthernetSwitch } from '../../../src/network/ethernet/switch.ts';
import { networkLayers, plugArguments } from '../../../src/network/switch/plug-argv.ts';
import { probeConfinement } from '../../../src/process/probe/confinement-probe.ts';
import { parseProcessStat } from '../../../src/process/procfs/stat.ts';
import { makeTemporaryDirectory } from '../../directory.ts';
import { alternate } from '../measurement/alternate.ts';
import { describeTimes, median } from '../measurement/statistics.ts';
import type { Section } from '../section.ts';

const SOURCES = join(import.meta.dirname, '../../../fixtures/network/frame-peers');
const BYTES = 400_000_000;
const SIZES = [1514, 9014];
/** USER_HZ: proc_pid_stat(5) counts in it. */
const TICKS_PER_SECOND = 100;

interface Passage {
  readonly megabytesPerSecond: number;
  /** Processor time of the switch for a gigabyte. */
  readonly cpuSeconds: number;
}

interface Ends {
  readonly sender: ChildProcess;
  readonly receiver: ChildProcess;
  /** Their connections, at the switch's end. */
  readonly sockets: readonly [Socket, Socket];
}

/** Two processes that read and write like QEMU, without guests, whose own work would dominate. */
export const switches: Section = {
  title:
    'frames between two ends, one way: the switch of named machines (C) against that of a program (Node)',
  rounds: 5,
  async run(rounds) {
    const { path: directory, remove } = makeTemporaryDirectory();
    try {
      const program = join(directory, 'frame-peer');
      execFileSync('make', ['-s', '-C', SOURCES, `OUT=${program}`]);
      const contenders = SIZES.flatMap((size) => [
        { name: `C, frames of ${size}`, measure: async () => throughProgram(directory, program, size) },
        { name: `Node, frames of ${size}`, measure: async () => inProcess(directory, program, size) },
      ]);
      const samples = await alternate(contenders, rounds);
      const lines = contenders.map(({ name }, index) => {
        const passages = samples[index] ?? [];
        const speed = describeTimes(
          passages.map(({ megabytesPerSecond }) => megabytesPerSecond),
          'MB/s',
        );
        const cpu = describeTimes(
          passages.map(({ cpuSeconds }) => cpuSeconds),
          's',
        );
        return `${name.padEnd(22)} ${speed}; processor for a GB: ${cpu}`;
      });
      const ratios = SIZES.map((size, index) => {
        const [c = [], node = []] = samples.slice(2 * index);
        const ratioOf = (value: (passage: Passage) => number): string =>
          (median(c.map(value)) / median(node.map(value))).toFixed(2);
        return `C / Node, frames of ${size}: speed ${ratioOf((one) => one.megabytesPerSecond)}, processor ${ratioOf((one) => one.cpuSeconds)}`;
      });
      const data = contenders.map(({ name }, index) => ({ name, passages: samples[index] }));
      return { text: [...lines, ...ratios].join('\n'), data: { contenders: data } };
    } finally {
      remove();
    }
  },
};

async function startEnds(directory: string, program: string, size: number): Promise<Ends> {
  const path = join(directory, 'qemu');
  const server = createServer({ pauseOnConnect: true }).listen(path);
  await once(server, 'listening');
  const start = async (role: string): Promise<[ChildProcess, Socket]> => {
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const words = [role, path, String(Math.round(BYTES / size)), String(size)];
    const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'] });
    return [child, (await accepted)[0]];
  };
  try {
    const [sender, one] = await start('send');
    const [receiver, other] = await start('receive');
    return { sender, receiver, sockets: [one, other] };
  } finally {
    server.close();
  }
}

/** @param cpu the switch's processor time so far, in seconds. */
async function measure({ sender, receiver }: Ends, cpu: () => number): Promise<Passage> {
  const ended = Promise.all([once(sender, 'exit'), once(receiver, 'exit')]);
  const before = cpu();
  sender.stdin?.end('x');
  if (!sender.stdout) throw new Error('no pipe');
  const seconds = Number(await text(sender.stdout));
  const used = cpu() - before;
  await ended;
  return { megabytesPerSecond: BYTES / 1e6 / seconds, cpuSeconds: (used / BYTES) * 1e9 };
}

async function inProcess(directory: string, program: string, size: number): Promise<Passage> {
  const ends = await startEnds(directory, program, size);
  const wire = new EthernetSwitch();
  const ports = ends.sockets.map((socket, index) => {
    socket.resume();
    return new SocketPort({ name: `m${index}`, mac: `52:54:00:00:ff:0${index}` }, socket, wire);
  });
  try {
    return await measure(ends, () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    });
  } finally {
    for (const port of ports) port.close();
  }
}

async function throughProgram(directory: string, program: string, size: number): Promise<Passage> {
  const network = join(directory, 'network');
  mkdirSync(network, { recursive: true, mode: 0o700 });
  const layers = networkLayers(await probeConfinement());
  const ends = await startEnds(directory, program, size);
  const plugs = ends.sockets.map((socket, index) => {
    const plug = { directory: network, name: `m${index}`, mac: `52:54:00:00:00:0${index + 1}` };
    const [command, ...words] = plugArguments(plug, layers);
    const child = spawn(command, words, { stdio: ['ignore', 'ignore', 'inherit', socket], env: {} });
    socket.destroy();
    return { child, gone: once(child, 'exit') };
  });
  const pid = await pidOf(network);
  const result = await measure(ends, () => cpuSecondsOf(pid));
  await Promise.all(plugs.map(async ({ gone }) => gone));
  return result;
}

/** The switch’s process, once both are plugged in. */
async function pidOf(network: string): Promise<number> {
  for (;;) {
    const socket = connect(join(network, 'switch.sock'));
    try {
      socket.write('1 list\n');
      const { result } = JSON.parse(await text(socket)) as { result: { pid: number; ports: unknown[] } };
      if (result.ports.length === 2) return result.pid;
    } catch (error) {
      // It is starting.
      if (!(error instanceof Error && /ENOENT|ECONNREFUSED/.test(error.message))) throw error;
    }
  }
}

function cpuSecondsOf(pid: number): number {
  const stat = parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return ((stat?.userTicks ?? NaN) + (stat?.systemTicks ?? NaN)) / TICKS_PER_SECOND;
}
