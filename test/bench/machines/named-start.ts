import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, watch, writeFileSync, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { bootSectors } from '../../../fixtures/guests/boot-sectors.ts';
import { namedArguments } from '../../../src/machine/qemu/named-argv.ts';
import type { NamedPlan } from '../../../src/machine/plan/named-plan.ts';
import type { NamedMachine } from '../../../src/machines/index.ts';
import { type Home, makeHome } from '../../e2e/named/home.ts';
import { alternate } from '../measurement/alternate.ts';
import type { Section } from '../section.ts';
import { describeTimes, median } from '../measurement/statistics.ts';
import { timeCommand } from '../measurement/timed-command.ts';

export const namedStart: Section = {
  title:
    'vmlet start until the guest’s first byte on the serial port, against the same argv by hand and Node’s own start (at most 60 ms more); memory of ours while it runs (at most 4 MiB)',
  rounds: 30,
  async run(rounds) {
    const home = await makeHome();
    try {
      const disk = join(home.path, 'hang.raw');
      writeFileSync(disk, bootSectors.hang);
      const machine = await home.store.create({ name: 'm', image: disk, memory: '64M', cpus: 1 });
      await machine.start();
      const plan = machine.live().plan();
      const memory = memoryOf(machine);
      await machine.live().kill();
      const [ours = [], theirs = [], node = []] = await alternate(
        [
          { name: 'vmlet start', measure: async () => byVmlet(home, machine) },
          { name: 'by hand', measure: async () => byHand(plan) },
          {
            name: 'node -e 0',
            measure: async () => (await timeCommand([process.execPath, '-e', '0'])).wallMs,
          },
        ],
        rounds,
      );
      const more = median(ours) - median(theirs) - median(node);
      const text = [
        `vmlet start  ${describeTimes(ours)}`,
        `by hand      ${describeTimes(theirs)}`,
        `node -e 0    ${describeTimes(node)}`,
        `more         ${more.toFixed(0)} ms beyond Node's own start`,
        `keeper       ${memory.residentKiB} KiB resident, ${memory.ownKiB} KiB of them its own`,
      ].join('\n');
      return { text, data: { vmlet: ours, byHand: theirs, node, memory } };
    } finally {
      await home.close();
    }
  },
};

async function byVmlet(home: Home, machine: NamedMachine): Promise<number> {
  const log = machine.files.serialLog;
  const before = statSync(log).size;
  const firstByte = grown(log, before);
  const started = performance.now();
  const { finished } = home.start(['start', 'm']);
  await firstByte;
  const time = performance.now() - started;
  await finished;
  await machine.live().kill();
  return time;
}

async function grown(path: string, size: number): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(path, () => {
      if (statSync(path).size <= size) return;
      watcher.close();
      resolve();
    });
  });
}

/** Straight from Node: spawn, negotiate, cont, and the first byte. */
async function byHand(plan: NamedPlan): Promise<number> {
  const { sockets } = plan.directory;
  mkdirSync(sockets, { recursive: true, mode: 0o700 });
  const started = performance.now();
  const qemu: ChildProcess = spawn(plan.qemu, namedArguments(plan), {
    // QMP, the serial port and the agent.
    stdio: ['ignore', 'ignore', 'inherit', 'pipe', 'pipe', 'pipe'],
    env: {},
  });
  const exited = once(qemu, 'exit');
  const [monitor, console, agent] = qemu.stdio.slice(3) as [Socket, Socket, Socket];
  for (const socket of [monitor, console, agent]) socket.on('error', () => undefined);
  monitor.resume();
  monitor.write('{"execute":"qmp_capabilities"}{"execute":"cont"}');
  await Promise.race([
    once(console, 'data'),
    exited.then(() => {
      throw new Error('QEMU ended');
    }),
  ]);
  const time = performance.now() - started;
  qemu.kill('SIGKILL');
  await exited;
  rmSync(sockets, { recursive: true });
  return time;
}

function memoryOf(machine: NamedMachine): { residentKiB: number; ownKiB: number } {
  const status = machine.status();
  if (status.kind !== 'running') throw new Error('the machine does not run');
  const rollup = readFileSync(`/proc/${status.keeper.pid}/smaps_rollup`, 'utf8');
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1]);
  return { residentKiB: field('Rss'), ownKiB: field('Private_Clean') + field('Private_Dirty') };
}
