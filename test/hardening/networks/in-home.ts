import { makeHome } from '../../e2e/named/home.ts';
import type { Findings, HardeningOptions } from '../section.ts';
import { Lab } from './lab.ts';

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
