import { Random } from '../../../../fixtures/agent/random.ts';
import { Scope } from '../../../../src/util/scope.ts';
import type { Findings, HardeningOptions } from '../../section.ts';
import { makeLab } from '../lab.ts';
import { type Alternation, alternate } from './alternate.ts';
import { type Session, byCommands, byProgramInGuest, byProgramOnHost } from './session.ts';

const OPERATIONS = 10_000;
const TARGET = '/share';
const ROOT = '0:0';

const WAYS = [
  { what: 'each turn of the guest is a command', cache: 'auto' },
  { what: 'one program of the guest, which keeps running, with cache=never', cache: 'never' },
] as const;

/** Random operations by guest and host in turns on one share, compared with a model in memory. */
export async function model(options: HardeningOptions): Promise<Findings> {
  const operations = Math.max(100, Math.round(OPERATIONS * options.scale));
  const results: (Alternation & { readonly what: string })[] = [];
  for (const { what, cache } of WAYS) results.push({ what, ...(await onShare(cache, operations, options)) });
  return {
    counts: results.map(({ what, held, looks }) => ({
      what: `random operations by guest and host in turns, with the results of a model in memory; ${what}`,
      kind: 'random operations by guest and host in turns, compared with a model',
      tried: operations,
      held,
      note: `all entries and contents were compared ${looks} times`,
    })),
    faults: results.flatMap(({ what, fault }) =>
      fault === undefined ? [] : [`model, seed ${options.seed}, ${what}: ${fault}`],
    ),
  };
}

async function onShare(
  cache: (typeof WAYS)[number]['cache'],
  operations: number,
  { seed, log, signal }: HardeningOptions,
): Promise<Alternation> {
  await using scope = new Scope();
  const lab = await makeLab(scope);
  const source = lab.directory('shared');
  const machine = await lab.machine([`${source}:${TARGET}:cache=${cache}`], scope);
  const host = byProgramOnHost(lab.program, source);
  scope.defer(async () => host.end());
  const guest: Session = cache === 'never' ? byProgramInGuest(machine, TARGET) : byCommands(machine, TARGET);
  const owner = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  const sides = [
    { side: host, owner },
    { side: guest, owner: ROOT },
  ] as const;
  const random = new Random(seed);
  const started = performance.now();
  const result = await alternate(sides, {
    operations,
    random,
    log: (line) => log(`model ${cache}: ${line}`),
    signal,
  });
  log(`model ${cache}: ${Math.round((performance.now() - started) / 1000)} s`);
  if (result.fault === undefined) await guest.end?.();
  return result;
}
