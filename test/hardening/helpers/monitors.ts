import { Random } from '../../../fixtures/agent/random.ts';
import type { Count, Findings, HardeningOptions, Section } from '../section.ts';
import { LIVE_OPERATIONS, type LiveOperation } from './live-operations.ts';
import {
  INTERRUPT_MS,
  type MonitorCase,
  type MonitorVerdict,
  nameOfMonitorCase,
  runMonitorCase,
} from './monitor-case.ts';
import { MonitorLab } from './monitor-lab.ts';
import { many, reasonsOf } from '../many.ts';
import { LIES } from './monitor-lies.ts';
import type { Hearer } from './monitor-relay.ts';

/** They mostly wait for time limits. */
const AT_ONCE = 14;
/** Cases that run one after the other. */
const PART = 20;
const LONGEST_LINE = 1500;
const HEARERS: readonly Hearer[] = ['command', 'launcher'];

interface MonitorOptions extends HardeningOptions {
  /** The time after which an operation without a limit is interrupted; 20 s by default. */
  readonly interruptMs?: number;
}

interface Draw extends MonitorOptions {
  readonly only: string | undefined;
}

/**
 * @param only a case of the raw log, `pause:command:3:is null`, or a prefix of one; an operation
 *   alone runs all of its cases.
 */
export async function lyingMonitors(
  options: MonitorOptions,
  only = process.env['VMLET_CASE'],
): Promise<Findings> {
  const { signal } = options;
  const operations = LIVE_OPERATIONS.filter(({ name }) => only === undefined || only.split(':')[0] === name);
  const begun = await many(operations.length, AT_ONCE, async (index) => {
    signal?.throwIfAborted();
    return beginSweep(operations[index]!, { ...options, only });
  });
  const sweeps = begun.flatMap((sweep) => (sweep.status === 'fulfilled' ? sweep.value : []));
  const parts = sweeps.flatMap(({ rest }) => rest);
  const told = await many(parts.length, AT_ONCE, async (index) => runPart(parts[index]!, options));
  signal?.throwIfAborted();
  const results = [
    ...sweeps.flatMap((sweep) => sweep.told),
    ...told.flatMap((part) => (part.status === 'fulfilled' ? part.value : [])),
  ];
  const findings = sweeps.map((sweep) =>
    findingsOf(
      sweep,
      results.filter(({ operation }) => operation === sweep.operation),
    ),
  );
  return {
    counts: findings.flatMap(({ counts }) => counts),
    faults: [...reasonsOf(begun), ...reasonsOf(told), ...findings.flatMap(({ faults }) => faults)],
    extent: only === undefined ? undefined : only.includes(':') ? 'less' : 'rows',
  };
}

/** The messages of an operation without a replacement. */
interface Course {
  readonly operation: LiveOperation;
  readonly heard: Readonly<Record<Hearer, number>>;
}

interface Sweep extends Course {
  readonly cases: readonly MonitorCase[];
  /** The results of the first part. */
  readonly told: readonly Told[];
  readonly rest: readonly (readonly MonitorCase[])[];
}

interface Told {
  readonly operation: LiveOperation;
  readonly fault: string | undefined;
}

async function inLab<T>(operation: LiveOperation, work: (lab: MonitorLab) => Promise<T>): Promise<T> {
  let lab: MonitorLab | undefined;
  try {
    lab = await MonitorLab.open(operation);
    return await work(lab);
  } catch (error) {
    throw new Error(`${operation.name} could not be swept: ${String(error)}`, { cause: error });
  } finally {
    await lab?.close();
  }
}

/** Counts the messages, and runs the first part in the same lab, since to open one takes seconds. */
async function beginSweep(operation: LiveOperation, options: Draw): Promise<Sweep> {
  return inLab(operation, async (lab) => {
    const heard = await lab.course();
    options.log(`course ${operation.name}: ${describeCourse(heard)}`);
    const cases = drawn(casesOf({ operation, heard }), options);
    const [first = [], ...rest] = partsOf(cases);
    return { operation, heard, cases, told: await runCases(lab, first, options), rest };
  });
}

function describeCourse(heard: Course['heard']): string {
  return `${heard.command} to commands, ${heard.launcher} to the keeper`;
}

async function runPart(cases: readonly MonitorCase[], options: MonitorOptions): Promise<Told[]> {
  const [{ operation }] = cases as [MonitorCase];
  options.signal?.throwIfAborted();
  return inLab(operation, async (lab) => runCases(lab, cases, options));
}

/** Cases of one operation, one after the other, each with its own machine. */
async function runCases(
  lab: MonitorLab,
  cases: readonly MonitorCase[],
  { log, signal, interruptMs = INTERRUPT_MS }: MonitorOptions,
): Promise<Told[]> {
  const all: Told[] = [];
  for (const one of cases) {
    signal?.throwIfAborted();
    const verdict = await runMonitorCase(lab, one, interruptMs);
    log(describe(one, verdict).replaceAll(lab.place.home.path, '@'));
    if (!verdict.told) continue;
    const problems = verdict.problems.join('; ');
    all.push({
      operation: one.operation,
      fault: problems === '' ? undefined : `${nameOfMonitorCase(one)}: ${problems}`,
    });
  }
  return all;
}

function findingsOf({ operation, heard, cases }: Sweep, told: readonly Told[]): Findings {
  const faults = told.flatMap(({ fault }) => fault ?? []);
  if (told.length === 0 && cases.length > 0) faults.push(`${operation.name}: none of its lies was told`);
  const count: Count = {
    what: `\`${operation.name}\``,
    kind: 'messages of QMP, with one that is wrong or late',
    tried: told.length,
    held: told.filter(({ fault }) => fault === undefined).length,
    note: describeCourse(heard),
  };
  return { counts: told.length === 0 ? [] : [count], faults };
}

function casesOf({ operation, heard }: Course): MonitorCase[] {
  return HEARERS.flatMap((hearer) =>
    Array.from({ length: heard[hearer] }, (_, index) => index + 1).flatMap((number) =>
      LIES.map((lie) => ({ operation, hearer, number, lie })),
    ),
  );
}

function partsOf(cases: readonly MonitorCase[]): (readonly MonitorCase[])[] {
  return Array.from({ length: Math.ceil(cases.length / PART) }, (_, index) =>
    cases.slice(index * PART, (index + 1) * PART),
  );
}

function drawn(cases: readonly MonitorCase[], { scale, seed, only }: Draw): MonitorCase[] {
  const random = new Random(seed);
  return cases
    .filter((one) => only === undefined || `${nameOfMonitorCase(one)}:`.startsWith(`${only}:`))
    .filter(() => scale >= 1 || random.below(1000) < scale * 1000);
}

function describe(one: MonitorCase, { problems, status, milliseconds, told }: MonitorVerdict): string {
  const end = `ended with ${String(status)} after ${milliseconds} ms`;
  if (!told) return `missed ${nameOfMonitorCase(one)}`;
  if (problems.length === 0) return `held ${nameOfMonitorCase(one)}, ${end}`;
  return `FAILED ${nameOfMonitorCase(one)}, ${end}: ${problems.join('; ')}`
    .replaceAll('\n', ' | ')
    .slice(0, LONGEST_LINE);
}

export const monitors: Section = {
  title: 'a QMP that stalls, ends, floods or lies, at each of its messages in each operation',
  run: lyingMonitors,
};
