import { alternate } from '../measurement/alternate.ts';
import { VMLET } from '../measurement/built-command.ts';
import { describeTimes, median } from '../measurement/statistics.ts';
import { timeCommand } from '../measurement/timed-command.ts';
import type { Section } from '../section.ts';

/** SYSTEM is an image in the user's store, debian:13 by default. */
const SYSTEM = process.env['SYSTEM'] ?? 'debian:13';

export const keptSystem: Section = {
  title: `vmlet run ${SYSTEM} -- true from a kept guest, against its boot (at most 1/15), and the first run against it (at most 1.15)`,
  rounds: 3,
  async run(rounds) {
    const command = (name: string, ...flags: readonly string[]) => ({
      name,
      measure: async () => timeCommand([process.execPath, VMLET, 'run', ...flags, SYSTEM, '--', 'true']),
    });
    const contenders = [
      command('first run', '--renew'),
      command('later run'),
      command('run --fresh', '--fresh'),
    ];
    const samples = await alternate(contenders, rounds);
    const [first = [], later = [], fresh = []] = samples.map((of) => of.map(({ wallMs }) => wallMs));
    const lines = [first, later, fresh].map(
      (times, index) => `${(contenders[index]?.name ?? '').padEnd(12)} ${describeTimes(times)}`,
    );
    const text = [
      ...lines,
      `first run / run --fresh  ${(median(first) / median(fresh)).toFixed(2)}`,
      `run --fresh / later run  ${(median(fresh) / median(later)).toFixed(1)}`,
    ].join('\n');
    return {
      text,
      data: { contenders: contenders.map(({ name }, index) => ({ name, samples: samples[index] })) },
    };
  },
};
