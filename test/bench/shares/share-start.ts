import { makeTemporaryDirectory } from '../../directory.ts';
import { alternate } from '../measurement/alternate.ts';
import { VMLET } from '../measurement/built-command.ts';
import { describeRatios, describeTimes, median } from '../measurement/statistics.ts';
import { timeCommand } from '../measurement/timed-command.ts';
import type { Section } from '../section.ts';

/** The start of a one-shot with a shared directory, without one, and with the host's system. */
export const shareStart: Section = {
  title:
    'vmlet run micro -- true with a shared directory: against the same without one, booted (at most 1.05) and forked; vmlet run host, booted and forked',
  rounds: 20,
  async run(rounds) {
    const shared = makeTemporaryDirectory();
    try {
      const command = (name: string, ...words: readonly string[]) => ({
        name,
        measure: async () => timeCommand([process.execPath, VMLET, 'run', ...words, '--', 'true']),
      });
      const volume = ['-v', `${shared.path}:/shared`];
      const contenders = [
        command('boot, shared', '--fresh', ...volume, 'micro'),
        command('boot', '--fresh', 'micro'),
        command('fork, shared', ...volume, 'micro'),
        command('fork', 'micro'),
        command('boot, host', '--fresh', 'host'),
        command('fork, host', 'host'),
      ];
      const samples = await alternate(contenders, rounds);
      const line = (index: number): string => {
        const of = samples[index] ?? [];
        const wall = describeTimes(of.map(({ wallMs }) => wallMs));
        return `${(contenders[index]?.name ?? '').padEnd(12)} ${wall}; cpu ${median(of.map(({ cpuMs }) => cpuMs)).toFixed(0)} ms`;
      };
      const times = (kind: 'wallMs' | 'cpuMs', index: number): number[] =>
        (samples[index] ?? []).map((sample) => sample[kind]);
      const ratio = (kind: 'wallMs' | 'cpuMs', one: number, other: number): string =>
        describeRatios(times(kind, one), times(kind, other));
      const ratios = [
        `booted: shared / without  ${ratio('wallMs', 0, 1)}, cpu ${ratio('cpuMs', 0, 1)}`,
        `forked: shared / without  ${ratio('wallMs', 2, 3)}, cpu ${ratio('cpuMs', 2, 3)}`,
        `shared: forked / booted   ${ratio('wallMs', 2, 0)}, cpu ${ratio('cpuMs', 2, 0)}`,
        `host: forked / booted     ${ratio('wallMs', 5, 4)}, cpu ${ratio('cpuMs', 5, 4)}`,
      ];
      const data = { contenders: contenders.map(({ name }, index) => ({ name, samples: samples[index] })) };
      return { text: [...contenders.map((_, index) => line(index)), ...ratios].join('\n'), data };
    } finally {
      shared.remove();
    }
  },
};
