import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../../../../fixtures/agent/random.ts';
import { locate } from '../../../../src/machine/paths/locations.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { type Home, makeHome } from '../../../e2e/named/home.ts';
import type { Count, Findings, HardeningOptions } from '../../section.ts';
import { NAME, mustSucceed, mountsOf, undisturbed } from './round.ts';
import { type Attack, attacks } from './attacks.ts';

const KILLS = 100;
/** The time after a start in which the guest works. */
const WORK_MS = 1000;

/** Processes of machines with shares, killed at random moments of start and use. */
export async function kills({ scale, seed, log, signal }: HardeningOptions): Promise<Findings> {
  await using scope = new Scope();
  const home = await makeHome();
  scope.defer(async () => home.close());
  const source = join(home.path, 'shared');
  mkdirSync(source);
  writeFileSync(join(source, 'host'), 'before all\n');
  writeFileSync(join(source, 'rounds'), '');
  mustSucceed(await home.vmlet('create', NAME, '--image', 'micro', '--net', 'none', ...mountsOf(source)));
  const spanMs = (await undisturbed(home, source)) + WORK_MS;
  const random = new Random(seed);
  const faults: string[] = [];
  const results: Result[] = [];
  for (const [number, attack] of attacks(Math.round(KILLS * scale)).entries()) {
    signal?.throwIfAborted();
    const { victim, machine, play } = attack;
    const atMs = random.below(Math.round(spanMs));
    const problems = await play({ home, source, number, victim, atMs });
    const words = `kill ${number}, ${victim} of a ${machine} machine at ${atMs} ms`;
    log(`${words}: ${problems.join('; ') || 'held'}`);
    faults.push(...problems.map((problem) => `${words}: ${problem}`));
    results.push({ ...attack, held: problems.length === 0 });
  }
  await undisturbed(home, source);
  log(`${readFileSync(join(source, 'rounds'), 'utf8').split('\n').length - 1} lines were flushed`);
  faults.push(...(await filesLeft(home, source)));
  return { counts: countsOf(results), faults };
}

type Result = Attack & { readonly held: boolean };

/** A row for each process of each kind of machine. */
function countsOf(results: readonly Result[]): Count[] {
  const kinds = new Map<string, Result[]>();
  for (const one of results) {
    const mounts =
      one.machine === 'named' ? 'a volume and shares, one added while they run' : 'a volume and shares';
    const what = `SIGKILLs of ${one.victim} of ${one.machine} machines with ${mounts}; no process or file is left, nothing hangs, the next start works, the volume has all flushed lines`;
    kinds.set(what, [...(kinds.get(what) ?? []), one]);
  }
  return [...kinds].map(([what, all]) => ({
    what,
    kind: 'SIGKILLs of programs of machines with shares and a volume',
    tried: all.length,
    held: all.filter(({ held }) => held).length,
    note: 'at random moments of start and use',
  }));
}

/** The next throw-away machine removes the files of killed ones. */
async function filesLeft(home: Home, source: string): Promise<string[]> {
  mustSucceed(await home.vmlet('run', '--net', 'none', ...mountsOf(source), 'micro', '--', 'true'));
  mustSucceed(await home.vmlet('rm', '--storage', '--volumes', NAME));
  const { runtime, scratch } = locate(home.environment, home.path, process.getuid?.() ?? 0);
  return [runtime, scratch]
    .flatMap((path) => (existsSync(path) ? readdirSync(path).map((name) => join(path, name)) : []))
    .map((path) => `${path} is left`);
}
