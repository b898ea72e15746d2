import { type ChildProcess, spawn as spawnProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { launch } from '../../src/index.ts';
import { qemuArguments } from '../../src/machine/qemu/argv.ts';
import type { Plan } from '../../src/index.ts';
import { alternate } from './measurement/alternate.ts';
import type { Section } from './section.ts';
import { describeTimes, median } from './measurement/statistics.ts';

export const firstReply: Section = {
  title:
    'launch() until the guest runs, against spawning the same argv and asking by hand (at most 10 ms more)',
  rounds: 40,
  async run(rounds) {
    let plan: Plan | undefined;
    const library = async (): Promise<number> => {
      const started = performance.now();
      const machine = await launch({ image: 'micro', net: 'none', until: 'running' });
      const time = performance.now() - started;
      plan = machine.plan;
      await machine.kill();
      return time;
    };
    await library();
    const argv = [plan!.qemu, ...qemuArguments(plan!)];
    const [ours = [], theirs = []] = await alternate(
      [
        { name: 'library', measure: library },
        { name: 'by hand', measure: async () => byHand(argv) },
      ],
      rounds,
    );
    const pairs = ours.map((time, index) => time - theirs[index]!);
    const text = [
      `library  ${describeTimes(ours)}`,
      `by hand  ${describeTimes(theirs)}`,
      `more     ${(median(ours) - median(theirs)).toFixed(1)} ms in the median, ${median(pairs).toFixed(1)} ms in the median round; it looks at host and image, makes directories and confines QEMU in that time`,
    ].join('\n');
    return { text, data: { library: ours, byHand: theirs } };
  },
};

/** Unconfined, straight from Node: spawn, negotiate, cont, and the reply to it. */
async function byHand([program = '', ...args]: readonly string[]): Promise<number> {
  const started = performance.now();
  const qemu: ChildProcess = spawnProcess(program, args, {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    env: {},
  });
  const exited = once(qemu, 'exit');
  const monitor = qemu.stdio[3] as Socket;
  let text = '';
  let onLine: () => void = () => undefined;
  monitor.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    onLine();
  });
  for (const socket of qemu.stdio.slice(3)) socket?.on('error', () => undefined);
  const untilReply = async (): Promise<void> =>
    new Promise((resolve) => {
      onLine = () => {
        if (!text.includes('"return"')) return;
        text = '';
        resolve();
      };
    });
  for (const command of ['qmp_capabilities', 'cont']) {
    const replied = untilReply();
    monitor.write(JSON.stringify({ execute: command }));
    await replied;
  }
  const time = performance.now() - started;
  qemu.kill('SIGKILL');
  await exited;
  return time;
}
