import { Random } from '../../../fixtures/agent/random.ts';
import type { Count, Findings, HardeningOptions, Section } from '../section.ts';
import { LIVE_OPERATIONS, type LiveOperation } from './live-operations.ts';
import { type MonitorCase, type MonitorVerdict, nameOfMonitorCase, runMonitorCase } from './monitor-case.ts';
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

interface Draw extends HardeningOptions {
  readonly only: string | undefined;
}

/**
 * @param only a case of the raw log, `pause:command:3:is null`, or a prefix of one; an operation
 *   alone runs all of its cases.
 */
export async function lyingMonitors(
  options: HardeningOptions,
  only = process.env['VMLET_CASE'],
): Promise<Findings> {
  const { log, signal } = options;
  const operations = LIVE_OPERATIONS.filter(({ name }) => only === undefined || only.split(':')[0] === name);
  const courses = await many(operations.length, AT_ONCE, async (index) => {
    signal?.throwIfAborted();
    return courseOf(operations[index]!, log);
  });
  const sweeps = courses.flatMap((course) =>
    course.status === 'fulfilled'
      ? [{ ...course.value, cases: drawn(casesOf(course.value), { ...options, only }) }]
      : [],
  );
  const parts = sweeps.flatMap(({ cases }) => partsOf(cases));
  const told = await many(parts.length, AT_ONCE, async (index) => runPart(parts[index]!, options));
  signal?.throwIfAborted();
  const results = told.flatMap((part) => (part.status === 'fulfilled' ? part.value : []));
  const findings = sweeps.map((sweep) =>
    findingsOf(
      sweep,
      results.filter(({ operation }) => operation === sweep.operation),
    ),
  );
  return {
    counts: findings.flatMap(({ counts }) => counts),
    faults: [...reasonsOf(courses), ...reasonsOf(told), ...findings.flatMap(({ faults }) => faults)],
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

async function courseOf(operation: LiveOperation, log: HardeningOptions['log']): Promise<Course> {
  const heard = await inLab(operation, async (lab) => lab.course());
  log(`course ${operation.name}: ${describeCourse(heard)}`);
  return { operation, heard };
}

function describeCourse(heard: Course['heard']): string {
  return `${heard.command} to commands, ${heard.launcher} to the keeper`;
}

/** Cases of one operation, one after the other, each with its own machine. */
async function runPart(cases: readonly MonitorCase[], { log, signal }: HardeningOptions): Promise<Told[]> {
  const [{ operation }] = cases as [MonitorCase];
  signal?.throwIfAborted();
  return inLab(operation, async (lab) => {
    const all: Told[] = [];
    for (const one of cases) {
      signal?.throwIfAborted();
      const verdict = await runMonitorCase(lab, one);
      log(describe(one, verdict).replaceAll(lab.place.home.path, '@'));
      if (!verdict.told) continue;
      const problems = verdict.problems.join('; ');
      all.push({ operation, fault: problems === '' ? undefined : `${nameOfMonitorCase(one)}: ${problems}` });
    }
    return all;
  });
}

function findingsOf({ operation, heard, cases }: Sweep, told: readonly Told[]): Findings {
  const faults = told.flatMap(({ fault }) => fault ?? []);
  if (told.length === 0 && cases.length > 0) faults.push(`${operation.name}: none of its lies was told`);
  const count: Count = {
    what: `\`${operation.name}\``,
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
