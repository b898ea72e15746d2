import { Random } from '../../../fixtures/agent/random.ts';
import { Scope } from '../../../src/util/scope.ts';
import { makeHome } from '../../e2e/named/home.ts';
import { type Count, type Findings, type HardeningOptions, type Section, together } from '../section.ts';
import { drawMoment } from './moment.ts';
import { Place, WAYS, type Way } from './place.ts';
import { type RoundResult, killRound, undisturbed } from './round.ts';

/** For each way to keep a guest. */
const KILLS = 40;

export const kept: Section = {
  title:
    'kept guests: first runs killed at random moments, above all while they save, name and fork the guest',
  run: keptGuests,
};

export async function keptGuests(options: HardeningOptions): Promise<Findings> {
  const found: Findings[] = [];
  for (const way of WAYS) found.push(await killFirstRuns(way, options));
  return together(found);
}

async function killFirstRuns(way: Way, { scale, seed, log, signal }: HardeningOptions): Promise<Findings> {
  await using scope = new Scope();
  const home = await makeHome();
  scope.defer(async () => home.close());
  const place = new Place(home, way, scope);
  const whole = await undisturbed(place);
  const { start, answer, name } = whole.left;
  log(`${way.name}: ${ms(start)}, ${ms(answer)} after the first answer, ${ms(name)} after the name`);
  const random = new Random(seed);
  const wanted = Math.max(1, Math.round(KILLS * scale));
  const results: RoundResult[] = [];
  const faults: string[] = [];
  for (let number = 0; results.length < wanted; number++) {
    signal?.throwIfAborted();
    const moment = drawMoment(number, whole.left, random);
    const result = await killRound(place, moment, whole);
    const words = `first run of ${way.name}, killed ${moment.ms} ms after its ${moment.after}`;
    const problems = problemsOf(result);
    const outcome = !result.isKilled ? 'had ended' : result.isKept ? 'kept' : 'not kept';
    log(`${words}: ${outcome}, ${problems.join('; ') || 'held'}`);
    faults.push(...problems.map((problem) => `${words}: ${problem}`));
    if (result.isKilled) results.push(result);
  }
  return { counts: [countOf(way, results)], faults };
}

function problemsOf({ processes, misuse, leftOver }: RoundResult): string[] {
  return [...processes, ...misuse, ...leftOver];
}

function countOf({ name }: Way, results: readonly RoundResult[]): Count {
  const count = (is: (one: RoundResult) => boolean): number => results.filter(is).length;
  return {
    what: `SIGKILLs of first runs of micro, with ${name} for the command; no process is left, the next run prints the digest of all files of the guest, a guest that was kept is forked, no other file is left`,
    kind: 'SIGKILLs of first runs of micro; nothing is left, the next run prints what a booted guest prints',
    tried: results.length,
    held: count((one) => problemsOf(one).length === 0),
    note: [
      `${count(({ isKept }) => isKept)} kept whole`,
      `${count(({ isKept }) => !isKept)} not kept`,
      `${count(({ misuse }) => misuse.length > 0)} half-made used`,
      `${count(({ leftOver }) => leftOver.length > 0)} with files left over`,
    ].join(', '),
  };
}

function ms(time: number): string {
  return `${Math.round(time)} ms`;
}
