import { alternate } from './measurement/alternate.ts';
import type { Section } from './section.ts';
import { describeTimes, median } from './measurement/statistics.ts';
import { timeCommand } from './measurement/timed-command.ts';
import { VMLET } from './measurement/built-command.ts';

export const version: Section = {
  title: 'vmlet --version against node -e 0 (at most 20 ms more)',
  rounds: 40,
  async run(rounds) {
    const [ours = [], bare = []] = await alternate(
      [
        { name: 'vmlet --version', measure: async () => timeCommand([process.execPath, VMLET, '--version']) },
        { name: 'node -e 0', measure: async () => timeCommand([process.execPath, '-e', '0']) },
      ],
      rounds,
    );
    const wall = [ours, bare].map((samples) => samples.map(({ wallMs }) => wallMs));
    const cpu = [ours, bare].map((samples) => samples.map(({ cpuMs }) => cpuMs));
    const text = [
      `vmlet --version  ${describeTimes(wall[0]!)}; cpu ${median(cpu[0]!).toFixed(0)} ms`,
      `node -e 0        ${describeTimes(wall[1]!)}; cpu ${median(cpu[1]!).toFixed(0)} ms`,
      `difference       ${(median(wall[0]!) - median(wall[1]!)).toFixed(0)} ms; cpu ${(median(cpu[0]!) - median(cpu[1]!)).toFixed(0)} ms`,
    ].join('\n');
    return { text, data: { vmlet: ours, node: bare } };
  },
};
