import type { Machine } from '../../../../src/index.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { type Count, type Findings, type HardeningOptions, together } from '../../section.ts';
import { type Lab, makeLab } from '../lab.ts';
import type { PosixCase } from './case.ts';
import { compare } from './compare.ts';
import { DIFFERENCES, type Difference } from './differences.ts';
import { SMALL, drawCases } from './draw-cases.ts';
import { flagCases } from './flag-cases.ts';
import { KINDS, type Kind } from './kinds.ts';
import { permissionCases } from './permission-cases.ts';
import { type Place, type Tried, inGuest, lookOnHost, preparedOnHost, tryCases } from './try-cases.ts';

const [OWN, SHARED] = ['/own', '/shared'];

/** The table of operations, users and flags on each kind of share, compared with the guest's own ext4 and with the host. */
export async function posix(options: HardeningOptions): Promise<Findings> {
  await using scope = new Scope();
  const lab = await makeLab(scope);
  const seen = new Set<Difference>();
  const parts: Findings[] = [];
  for (const kind of KINDS) {
    options.signal?.throwIfAborted();
    parts.push(await onKind(kind, lab, seen, options));
  }
  const unseen = DIFFERENCES.filter((one) => one.optional !== true && !seen.has(one));
  const faults =
    options.scale < 1 ? [] : unseen.map(({ why }) => `listed as a difference, and does not occur: ${why}`);
  return together([...parts, { counts: [], faults }]);
}

async function onKind(
  kind: Kind,
  lab: Lab,
  seen: Set<Difference>,
  options: HardeningOptions,
): Promise<Findings> {
  await using scope = new Scope();
  const source = lab.directory(`posix-${kind.name}`);
  const volumes = [[source, SHARED, ...(kind.options.length > 0 ? [kind.options.join()] : [])].join(':')];
  const machine = await lab.machine([...volumes, `own-${kind.name}:${OWN}`], scope);
  const cases = casesOf(kind, options);
  options.log(`posix: ${cases.length} cases on ${kind.name}`);
  const own = await tryCases(machine, ownPlace(machine, kind), cases);
  const shared = await tryCases(machine, sharedPlace(machine, kind, lab, source), cases);
  const host = await lookOnHost(lab.program, source, cases);
  const results = cases.map((one, index) =>
    compare(one, kind, { own: own[index]!, shared: shared[index]!, host: host[index]! }, DIFFERENCES),
  );
  for (const { faults } of results) for (const fault of faults) options.log(`posix: FAILED ${fault}`);
  for (const difference of results.flatMap(({ used }) => used)) seen.add(difference);
  return { counts: [countOf(kind, cases, shared, results)], faults: results.flatMap(({ faults }) => faults) };
}

type Verdict = ReturnType<typeof compare>;

function countOf(
  { options }: Kind,
  cases: readonly PosixCase[],
  shared: readonly Tried[],
  results: readonly Verdict[],
): Count {
  const calls = shared.reduce((sum, { answers }) => sum + answers.join(' ').split(' ').length, 0);
  const different = results.filter(({ used }) => used.length > 0).length;
  return {
    what: `POSIX operations by users with flags on a share${options.length > 0 ? ` with ${options.join()}` : ''}: results, owners, modes and contents as on ext4, and the same on the host`,
    kind: 'POSIX operations by users with flags, compared with ext4 and with the host',
    tried: cases.length,
    held: results.filter(({ faults }) => faults.length === 0).length,
    permitted: different,
    note: `${calls} calls; ${different} cases differ, as listed in test/hardening/shares/posix/differences.ts`,
  };
}

/** All with flags, except in a small run, and a part of those with permissions. */
export function casesOf(kind: Kind, { scale, seed }: Pick<HardeningOptions, 'scale' | 'seed'>): PosixCase[] {
  const drawing = { seed, hand: KINDS.indexOf(kind), hands: KINDS.length };
  return [
    ...drawCases(flagCases(kind.cast), { ...drawing, scale: scale < SMALL ? scale : 1 }),
    ...drawCases(permissionCases(kind.cast), { ...drawing, scale }),
  ];
}

function ownPlace(machine: Machine, { readOnly = false }: Kind): Place {
  const place = inGuest(machine, OWN);
  if (!readOnly) return place;
  return {
    ...place,
    protect: async () => {
      const { exitCode, stderr } = await machine.exec(['mount', '-o', 'remount,ro', OWN]);
      if (exitCode !== 0) throw new Error(`cannot remount ${OWN}: ${stderr.toString()}`);
    },
  };
}

function sharedPlace(machine: Machine, { readOnly = false }: Kind, lab: Lab, source: string): Place {
  return readOnly ? preparedOnHost(lab.program, source, SHARED) : inGuest(machine, SHARED);
}
