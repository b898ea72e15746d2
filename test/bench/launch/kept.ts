import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTemplate } from '../../../src/index.ts';
import { makeTemporaryDirectory } from '../../directory.ts';
import { alternate } from '../measurement/alternate.ts';
import { VMLET } from '../measurement/built-command.ts';
import { describeTimes, median } from '../measurement/statistics.ts';
import { timeCommand } from '../measurement/timed-command.ts';
import type { Section } from '../section.ts';
import { restoreByHand } from '../template/restore-by-hand.ts';
import { padding, scriptByHand } from './by-hand.ts';

const RUN = [process.execPath, VMLET, 'run'];

export const kept: Section = {
  title:
    'vmlet run micro -- true from a kept guest: against a boot by hand (at most 1/4), against a restore by hand (at most 100 ms more than both it and node -e 0), and the first run against --fresh (at most 1.15)',
  rounds: 20,
  async run(rounds) {
    const { path: directory, remove } = makeTemporaryDirectory();
    const script = join(directory, 'by-hand.sh');
    const text = await scriptByHand('auto', 'bare');
    await using alone = await createTemplate({ image: 'micro', net: 'none' });
    const command = (name: string, ...argv: readonly string[]) => ({
      name,
      measure: async () => timeCommand(argv),
    });
    const contenders = [
      // Replaces the kept guest, like a first run without one.
      command('first run', ...RUN, '--renew', 'micro', '--', 'true'),
      command('later run', ...RUN, 'micro', '--', 'true'),
      command('run --fresh', ...RUN, '--fresh', 'micro', '--', 'true'),
      {
        name: 'boot by hand',
        measure: async () => {
          await writeFile(script, text.replace('PADDING', padding()));
          return timeCommand(['sh', script]);
        },
      },
      command('node -e 0', process.execPath, '-e', '0'),
      command('run --net none', ...RUN, '--net', 'none', 'micro', '--', 'true'),
      {
        name: 'restore by hand',
        // Until the answer; the processor time of a killed QEMU is not known.
        measure: async () => ({ wallMs: await restoreByHand(alone), cpuMs: Number.NaN }),
      },
      command('first run -p', ...RUN, '--renew', '-p', '80', 'micro', '--', 'true'),
      command('first run -v', ...RUN, '--renew', '-v', `${directory}:/src`, 'micro', '--', 'true'),
      command('run --fresh -v', ...RUN, '--fresh', '-v', `${directory}:/src`, 'micro', '--', 'true'),
      // With a forward of datagrams, the first run continues in a fork.
      command('first run, fork', ...RUN, '--renew', '-p', '80/udp', 'micro', '--', 'true'),
    ];
    try {
      const samples = await alternate(contenders, rounds);
      const wall = samples.map((of) => of.map(({ wallMs }) => wallMs));
      const cpu = samples.map((of) => of.map(({ cpuMs }) => cpuMs));
      const ratio = (times: readonly number[][], one: number, other: number): string =>
        (median(times[one] ?? []) / median(times[other] ?? [])).toFixed(2);
      const [node = NaN, alike = NaN, restored = NaN] = wall.slice(4, 7).map(median);
      const beyond = alike - restored - node;
      const lines = contenders.map(
        ({ name }, index) =>
          `${name.padEnd(15)} ${describeTimes(wall[index] ?? [])}; cpu ${median(cpu[index] ?? []).toFixed(0)} ms`,
      );
      const ratios = [
        `first run / run --fresh   ${ratio(wall, 0, 2)}, cpu ${ratio(cpu, 0, 2)}`,
        `first run -p / --fresh    ${ratio(wall, 7, 2)}, cpu ${ratio(cpu, 7, 2)}`,
        `first run -v / --fresh -v ${ratio(wall, 8, 9)}, cpu ${ratio(cpu, 8, 9)}`,
        `first run, fork / --fresh ${ratio(wall, 10, 2)}, cpu ${ratio(cpu, 10, 2)}`,
        `later run / run --fresh   ${ratio(wall, 1, 2)}, cpu ${ratio(cpu, 1, 2)}`,
        `later run / boot by hand  ${ratio(wall, 1, 3)}, cpu ${ratio(cpu, 1, 3)}`,
        `run --net none - restore by hand - node -e 0  ${beyond.toFixed(0)} ms`,
      ];
      const data = { contenders: contenders.map(({ name }, index) => ({ name, samples: samples[index] })) };
      return { text: [...lines, ...ratios].join('\n'), data };
    } finally {
      remove();
    }
  },
};
