import { Random } from '../../../fixtures/agent/random.ts';
import { IMAGE_OPERATIONS } from '../faults/image-operations.ts';
import type { Operation } from '../faults/operation.ts';
import { NAMED_OPERATIONS } from '../faults/operations.ts';
import type { Count, Findings, HardeningOptions, Section } from '../section.ts';
import { Lab } from './lab.ts';
import { MISBEHAVIOURS, type MisbehaviourName, prefixOf } from './misbehaviours.ts';
import { type ProgramCase, type Verdict, nameOfCase, runProgramCase } from './program-case.ts';

/** They mostly wait for time limits. */
const AT_ONCE = 12;
const LONGEST_LINE = 1500;

const OPERATIONS: readonly Operation[] = [...NAMED_OPERATIONS, ...IMAGE_OPERATIONS].filter(
  ({ follow }) => follow === undefined,
);

/** @param only a case of the raw log, `create:qemu-img create:1:hangs`, or a prefix of one. */
export async function misbehavingPrograms(
  options: HardeningOptions,
  only = process.env['VMLET_CASE'],
): Promise<Findings> {
  const waiting = OPERATIONS.filter(({ name }) => only === undefined || only.split(':')[0] === name);
  const counts = new Map<string, { tried: number; held: number; operations: Set<string> }>();
  const faults: string[] = [];
  const take = (one: ProgramCase, { problems }: Verdict): void => {
    const row = programOf(one.prefix);
    const count = counts.get(row) ?? { tried: 0, held: 0, operations: new Set<string>() };
    count.tried++;
    if (problems.length === 0) count.held++;
    else faults.push(`${nameOfCase(one)}: ${problems.join('; ')}`);
    counts.set(row, { ...count, operations: count.operations.add(one.operation.name) });
  };
  const work = async (): Promise<void> => {
    for (let operation = waiting.shift(); operation; operation = waiting.shift()) {
      try {
        await sweep(operation, { ...options, only }, take);
      } catch (error) {
        options.signal?.throwIfAborted();
        faults.push(`${operation.name} could not be swept: ${String(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const rows: Count[] = [...counts].sort().map(([program, { tried, held, operations }]) => ({
    what: program,
    kind: 'calls of helper programs, with a program that misbehaves',
    tried,
    held,
    note: `in ${[...operations].join(', ')}`,
  }));
  return { counts: rows, faults, extent: only === undefined ? undefined : 'less' };
}

async function sweep(
  operation: Operation,
  options: HardeningOptions & { readonly only: string | undefined },
  take: (one: ProgramCase, verdict: Verdict) => void,
): Promise<void> {
  const lab = await Lab.open(operation);
  try {
    const { course, calls } = await lab.course();
    for (const line of calls) options.log(`call ${operation.name} ${line}`.slice(0, 300));
    for (const one of drawn(casesOf(operation, calls), options)) {
      options.signal?.throwIfAborted();
      const verdict = await runProgramCase(lab, course, one);
      options.log(describe(one, verdict).replaceAll(lab.home.path, '@'));
      take(one, verdict);
    }
  } finally {
    await lab.close();
  }
}

function casesOf(operation: Operation, calls: readonly string[]): ProgramCase[] {
  const numbers = new Map<string, number>();
  return calls.map(prefixOf).flatMap((prefix) => {
    const number = (numbers.get(prefix) ?? 0) + 1;
    numbers.set(prefix, number);
    return MISBEHAVIOURS.filter((behaviour) => isMisbehaviourOf(prefix, behaviour)).map((behaviour) => ({
      operation,
      prefix,
      number,
      behaviour,
    }));
  });
}

function isMisbehaviourOf(prefix: string, behaviour: MisbehaviourName): boolean {
  if (behaviour === 'fails-when-done') return !goesOn(prefix);
  // Any output of an unpacker may be a disk.
  return behaviour !== 'floods' || !prefix.startsWith('gzip');
}

/** True if it lives as long as the machine: the operation ends before the program does. */
function goesOn(prefix: string): boolean {
  return /^(qemu-system-\S+ -device|passt --foreground|vmlet-keeper keep)/.test(prefix);
}

function drawn(
  cases: readonly ProgramCase[],
  { scale, seed, only }: HardeningOptions & { readonly only: string | undefined },
): ProgramCase[] {
  const random = new Random(seed);
  return cases
    .filter((one) => only === undefined || `${nameOfCase(one)}:`.startsWith(`${only}:`))
    .filter(() => scale >= 1 || random.below(1000) < scale * 1000);
}

function programOf(prefix: string): string {
  return prefix.startsWith('vmlet-keeper') ? prefix : (prefix.split(' ')[0] ?? '');
}

function describe(one: ProgramCase, { problems, status, milliseconds }: Verdict): string {
  const end = `ended with ${String(status)} after ${milliseconds} ms`;
  if (problems.length === 0) return `held ${nameOfCase(one)}, ${end}`;
  return `FAILED ${nameOfCase(one)}, ${end}: ${problems.join('; ')}`
    .replaceAll('\n', ' | ')
    .slice(0, LONGEST_LINE);
}

export const programs: Section = {
  title: 'programs that hang, die, flood or say nonsense, at each of their calls in each operation',
  run: misbehavingPrograms,
};
