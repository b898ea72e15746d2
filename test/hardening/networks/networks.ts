import { makeHome } from '../../e2e/named/home.ts';
import type { Findings, HardeningOptions, Section } from '../section.ts';
import { together } from '../together.ts';
import { kills } from './kills.ts';
import { Lab } from './lab.ts';
import { life } from './life.ts';

export const networks: Section = {
  title:
    'private networks whose programs are killed, whose members come and go, and which another user attacks',
  async run(options) {
    return together([await inHome(kills, options), await inHome(life, options)]);
  },
};

/** In a home of its own, in which nothing may be left. */
async function inHome(
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
