import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../../../../fixtures/agent/random.ts';
import { locate } from '../../../../src/machine/paths/locations.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { type Home, makeHome } from '../../../e2e/named/home.ts';
import type { Findings, HardeningOptions } from '../../section.ts';
import { NAME, type Round, mustSucceed, namedRound, sharesOf, throwAwayRound, undisturbed } from './round.ts';
import { VICTIMS, type Victim } from './victim.ts';

const KILLS = 100;
/** The time after a start in which the guest works. */
const WORK_MS = 1000;

type Kind = (round: Round) => Promise<string[]>;

/** Each process of each kind of machine in turn. A throw-away machine has no keeper. */
const ROUNDS: readonly { readonly victim: Victim; readonly play: Kind }[] = [
  ...VICTIMS.map((victim) => ({ victim, play: namedRound })),
  ...VICTIMS.filter((victim) => victim !== 'keeper').map((victim) => ({ victim, play: throwAwayRound })),
];

/** Processes of machines with shares, killed at random moments of start and use. */
export async function kills({ scale, seed, log, signal }: HardeningOptions): Promise<Findings> {
  await using scope = new Scope();
  const home = await makeHome();
  scope.defer(async () => home.close());
  const source = join(home.path, 'shared');
  mkdirSync(source);
  writeFileSync(join(source, 'host'), 'before all\n');
  mustSucceed(await home.vmlet('create', NAME, '--image', 'micro', '--net', 'none', ...sharesOf(source)));
  const spanMs = (await undisturbed(home, source)) + WORK_MS;
  const random = new Random(seed);
  const count = Math.max(VICTIMS.length, Math.round(KILLS * scale));
  const faults: string[] = [];
  let held = 0;
  for (let number = 0; number < count; number++) {
    signal?.throwIfAborted();
    const { victim, play } = ROUNDS[number % ROUNDS.length]!;
    const atMs = random.below(Math.round(spanMs));
    const problems = await play({ home, source, number, victim, atMs });
    log(`kill ${number}: ${play.name} ${victim} at ${atMs} ms: ${problems.join('; ') || 'held'}`);
    faults.push(
      ...problems.map((problem) => `kill ${number}, ${play.name} ${victim} at ${atMs} ms: ${problem}`),
    );
    if (problems.length === 0) held++;
  }
  await undisturbed(home, source);
  faults.push(...(await filesLeft(home, source)));
  return {
    counts: [
      {
        what: 'SIGKILLs of launcher, keeper, virtiofsd and QEMU of machines with shares; no process or file is left, nothing hangs, the next start works',
        tried: count,
        held,
        note: 'at random moments of start and use; throw-away and named machines',
      },
    ],
    faults,
  };
}

/** The next throw-away machine removes the files of killed ones. */
async function filesLeft(home: Home, source: string): Promise<string[]> {
  mustSucceed(await home.vmlet('run', '--net', 'none', ...sharesOf(source), 'micro', '--', 'true'));
  mustSucceed(await home.vmlet('rm', '--storage', NAME));
  const { runtime, scratch } = locate(home.environment, home.path, process.getuid?.() ?? 0);
  return [runtime, scratch]
    .flatMap((path) => (existsSync(path) ? readdirSync(path).map((name) => join(path, name)) : []))
    .map((path) => `${path} is left`);
}
