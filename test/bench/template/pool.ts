import { alternate } from '../measurement/alternate.ts';
import { VMLET } from '../measurement/built-command.ts';
import { describeTimes, median } from '../measurement/statistics.ts';
import { timeCommand } from '../measurement/timed-command.ts';
import { createTemplate, servePool } from '../../../src/index.ts';
import type { Section } from '../section.ts';

const NAME = `bench-${process.pid}`;

export const pool: Section = {
  title: 'vmlet run --pool NAME -- true: against node -e 0 (at most 60 ms more), and a run from a kept guest',
  rounds: 20,
  async run(rounds) {
    await using template = await createTemplate({ image: 'micro' });
    await using server = await servePool(template, { name: NAME, size: 1 });
    const contender = (name: string, ...argv: readonly string[]) => ({
      name,
      measure: async () => {
        // The start of the fork that replaces the last one would share the processors with what is measured.
        await server.full();
        return timeCommand([process.execPath, ...argv]);
      },
    });
    const contenders = [
      contender('run --pool', VMLET, 'run', '--pool', NAME, '--', 'true'),
      contender('run', VMLET, 'run', 'micro', '--', 'true'),
      contender('node -e 0', '-e', '0'),
    ];
    const samples = await alternate(contenders, rounds);
    const wall = samples.map((of) => of.map(({ wallMs }) => wallMs));
    const [pooled = NaN, kept = NaN, node = NaN] = wall.map(median);
    const lines = contenders.map(
      ({ name }, index) => `${name.padEnd(11)} ${describeTimes(wall[index] ?? [])}`,
    );
    const ratios = [
      `run --pool - node -e 0  ${(pooled - node).toFixed(0)} ms`,
      `run --pool / run        ${(pooled / kept).toFixed(2)}`,
    ];
    const data = { contenders: contenders.map(({ name }, index) => ({ name, samples: samples[index] })) };
    return { text: [...lines, ...ratios].join('\n'), data };
  },
};
