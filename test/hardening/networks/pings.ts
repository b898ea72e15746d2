import type { HardeningOptions } from '../section.ts';
import { until } from '../../until.ts';
import type { Lab } from './lab.ts';

const COUNT = 30;
const BEFORE = 5;

/** Two members of a network, the first of which pings the second by name. */
export interface Pair {
  readonly from: string;
  readonly to: string;
}

/** Counts the lost ones of 30 pings, one each 0.2 s, while `fault` happens after the first ones. */
export async function lostPings(
  { home }: Lab,
  { from, to }: Pair,
  fault: () => void,
  { signal }: Pick<HardeningOptions, 'signal'>,
): Promise<number> {
  const pings = home.start(['exec', from, '--', 'ping', '-c', String(COUNT), '-i', '0.2', '-W', '5', to]);
  const ended = pings.finished.then(({ stdout, stderr }) => `${stdout}${stderr}`);
  const begun = until(() => pings.stdout().includes(`seq=${BEFORE} `), { signal });
  const early = await Promise.race([begun.then(() => undefined), ended]);
  if (early !== undefined) throw new Error(`no pings from ${from} to ${to}: ${early}`);
  fault();
  const said = await ended;
  const [, received] = /30 packets transmitted, (\d+) packets received/.exec(said) ?? [];
  if (received === undefined) throw new Error(`the pings from ${from} to ${to} were cut off: ${said}`);
  return COUNT - Number(received);
}
