import { type Findings, type HardeningOptions, type Section, together } from '../section.ts';
import { inHome } from './in-home.ts';
import { life } from './life.ts';
import { strangers } from './strangers.ts';
import { userKills } from './user-kills.ts';

type Part = (options: HardeningOptions) => Promise<Findings>;

const PARTS: Readonly<Record<string, Part>> = {
  kills: userKills,
  life: async (options) => inHome(life, options),
  strangers,
};

/** Only this part, whose rows replace those of the last result. */
const CHOSEN = process.env['VMLET_PART'];

export const networks: Section = {
  title:
    'private networks whose programs are killed, whose members come and go, and which another user attacks',
  async run(options) {
    const names = Object.keys(PARTS).filter((name) => CHOSEN === undefined || name === CHOSEN);
    if (names.length === 0)
      throw new Error(`no part ${String(CHOSEN)}; there are ${Object.keys(PARTS).join(', ')}`);
    const found: Findings[] = [];
    for (const name of names) found.push((await PARTS[name]?.(options)) ?? { counts: [], faults: [] });
    return { ...together(found), ...(CHOSEN !== undefined && { extent: 'rows' as const }) };
  },
};
