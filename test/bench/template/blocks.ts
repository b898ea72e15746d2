import { createTemplate } from '../../../src/index.ts';
import { median } from '../measurement/statistics.ts';
import type { Section } from '../section.ts';
import { PHASES, type TranslatedBlocks, translatedBlocks } from './translated-blocks.ts';

/** QEMU counts without KVM only. The guest has a network card, as a fork by vmlet. */
export const blocks: Section = {
  title: 'blocks of code that QEMU translates in a fork of micro until its first command is answered',
  rounds: 5,
  async run(rounds) {
    await using template = await createTemplate({ image: 'micro', net: 'slirp', accel: 'tcg' });
    const samples: TranslatedBlocks[][] = [];
    while (samples.length < rounds) samples.push(await translatedBlocks(template));
    const middle = (count: (sample: readonly TranslatedBlocks[]) => number): number =>
      median(samples.map(count));
    const lines = PHASES.map((phase, index) => {
      const kernel = middle((sample) => sample[index]!.kernel);
      const user = middle((sample) => sample[index]!.user);
      return `${phase.padEnd(15)} ${kernel} of the kernel, ${user} of programs`;
    });
    const first = middle((sample) =>
      sample.slice(0, -1).reduce((sum, { kernel, user }) => sum + kernel + user, 0),
    );
    const text = [...lines, `until the first command is answered  ${first}`].join('\n');
    return { text, data: { samples } };
  },
};
