import { Random } from '../../../fixtures/agent/random.ts';
import type { Count, Findings, HardeningOptions } from '../section.ts';
import type { Lab } from './lab.ts';
import { type Kinds, Members, NAMES } from './members.ts';
import { lostPings } from './pings.ts';
import { PROGRAMS, type Program, type Victim } from './victims.ts';

const TIMES = 20;
const MOST_LOST = 2;

/** Kills the programs of two networks in turn, while two members ping each other. */
export async function kills(lab: Lab, kinds: Kinds, options: HardeningOptions): Promise<Findings> {
  const members = new Members(lab, kinds);
  await members.create();
  const rounds: Rounds = {
    members,
    times: Math.max(1, Math.round(TIMES * options.scale)),
    pinging: describePinging(kinds),
    random: new Random(options.seed),
    options,
  };
  const results: Findings[] = [];
  for (const program of PROGRAMS) results.push(await killOften(program, rounds));
  const faults = results.flatMap((one) => one.faults);
  return { counts: results.flatMap(({ counts }) => counts), faults: [...faults, ...(await members.end())] };
}

interface Rounds {
  readonly members: Members;
  readonly times: number;
  /** Which members ping, and among which others. */
  readonly pinging: string;
  readonly random: Random;
  readonly options: HardeningOptions;
}

function describePinging({ areDebian, areOnBridge }: Kinds): string {
  if (!areDebian) return 'two of five guests of micro ping each other';
  const bridge = areOnBridge ? ', two of them also on a bridge' : '';
  return `two Debian guests ping each other, of an ordinary user’s three of Debian and two of micro${bridge}`;
}

async function killOften(program: Program, rounds: Rounds): Promise<Findings> {
  const { members, times, random, options } = rounds;
  const faults: string[] = [];
  const losses: number[] = [];
  let held = 0;
  for (let time = 0; time < times; time++) {
    options.signal?.throwIfAborted();
    const victim = await program.choose(members, random);
    const { lost, wrong } = await killOne(members, victim, options);
    losses.push(lost);
    options.log(`${victim.what} killed: ${lost} pings lost ${wrong.join('; ')}`);
    if (wrong.length === 0) held++;
    else faults.push(...wrong.map((one) => `after ${victim.what} was killed: ${one}`));
  }
  const count: Count = {
    what: `kills of ${program.name} while ${rounds.pinging}: at most ${MOST_LOST} of 30 pings lost, ${program.after}, hosts files true`,
    kind: `kills of programs of a network while members ping each other; at most ${MOST_LOST} of 30 pings lost`,
    tried: times,
    held,
    note: `pings lost: ${describeLosses(losses)}`,
  };
  return { counts: [count], faults };
}

async function killOne(
  { lab }: Members,
  { pid, pair, heal }: Victim,
  options: HardeningOptions,
): Promise<{ readonly lost: number; readonly wrong: readonly string[] }> {
  const lost = await lostPings(lab, pair, () => void process.kill(pid, 'SIGKILL'), options);
  const healed = await heal();
  const lies = await Promise.all(NAMES.map(async (name) => lab.liesInHosts(name)));
  const many = lost > MOST_LOST ? [`${lost} of 30 pings from ${pair.from} to ${pair.to} were lost`] : [];
  return { lost, wrong: [...many, ...healed, ...lies.flat()] };
}

/** Such as `0 (18 times), 1 (2 times)`. */
function describeLosses(losses: readonly number[]): string {
  const values = [...new Set(losses)].sort((one, other) => one - other);
  return values.map((value) => `${value} (${losses.filter((one) => one === value).length} times)`).join(', ');
}
