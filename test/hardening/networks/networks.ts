import { makeHome } from '../../e2e/named/home.ts';
import { type Findings, type HardeningOptions, type Section, together } from '../section.ts';
import { kills } from './kills.ts';
import { Lab } from './lab.ts';
import { life } from './life.ts';
import { strangers } from './strangers.ts';

type Part = (options: HardeningOptions) => Promise<Findings>;

const PARTS: Readonly<Record<string, Part>> = {
  kills: async (options) => inHome(kills, options),
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

/** In a home of its own, in which nothing may be left. */
export async function inHome(
  work: (lab: Lab, options: HardeningOptions) => Promise<Findings>,
  options: HardeningOptions,
): Promise<Findings> {
  const home = await makeHome();
  let findings: Findings;
  try {
    findings = await work(new Lab(home), options);
  } catch (error) {
    await home.close().catch((problem: unknown) => options.log(String(problem)));
    throw error;
  }
  try {
    await home.close();
    return findings;
  } catch (error) {
    return { ...findings, faults: [...findings.faults, (error as Error).message] };
  }
}
