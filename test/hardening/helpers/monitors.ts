import { Random } from '../../../fixtures/agent/random.ts';
import type { Count, Findings, HardeningOptions, Section } from '../section.ts';
import { LIVE_OPERATIONS, type LiveOperation } from './live-operations.ts';
import { type MonitorCase, type MonitorVerdict, nameOfMonitorCase, runMonitorCase } from './monitor-case.ts';
import { MonitorLab } from './monitor-lab.ts';
import { LIES } from './monitor-lies.ts';
import type { Hearer } from './monitor-relay.ts';

/** They wait for limits most of their time. */
const AT_ONCE = 12;
const LONGEST_LINE = 1500;
const HEARERS: readonly Hearer[] = ['command', 'launcher'];

interface Sweep extends HardeningOptions {
  readonly only: string | undefined;
}

/** @param only a case of the raw log, `pause:command:3:is null`, or as much of its beginning as is wanted. */
export async function lyingMonitors(
  options: HardeningOptions,
  only = process.env['VMLET_CASE'],
): Promise<Findings> {
  const waiting = LIVE_OPERATIONS.filter(({ name }) => only === undefined || only.split(':')[0] === name);
  const results = new Map<string, Findings>();
  const work = async (): Promise<void> => {
    for (let operation = waiting.shift(); operation; operation = waiting.shift()) {
      try {
        results.set(operation.name, await sweep(operation, { ...options, only }));
      } catch (error) {
        options.signal?.throwIfAborted();
        results.set(operation.name, {
          counts: [],
          faults: [`${operation.name} could not be swept: ${String(error)}`],
        });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const inOrder = LIVE_OPERATIONS.flatMap(({ name }) => results.get(name) ?? []);
  return {
    counts: inOrder.flatMap(({ counts }) => counts),
    faults: inOrder.flatMap(({ faults }) => faults),
    extent: only === undefined ? undefined : 'less',
  };
}

async function sweep(operation: LiveOperation, options: Sweep): Promise<Findings> {
  const lab = await MonitorLab.open(operation);
  try {
    const heard = await lab.course();
    options.log(
      `course ${operation.name}: ${heard.command} messages to commands, ${heard.launcher} to the keeper`,
    );
    const cases = drawn(casesOf(operation, heard), options);
    let [tried, held] = [0, 0];
    const faults: string[] = [];
    for (const one of cases) {
      options.signal?.throwIfAborted();
      const verdict = await runMonitorCase(lab, one);
      options.log(describe(one, verdict).replaceAll(lab.place.home.path, '@'));
      if (!verdict.told) continue;
      tried++;
      if (verdict.problems.length === 0) held++;
      else faults.push(`${nameOfMonitorCase(one)}: ${verdict.problems.join('; ')}`);
    }
    const note = `${heard.command} messages to commands, ${heard.launcher} to the keeper, ${LIES.length} lies`;
    const count: Count = {
      what: `QMP that lies, stalls or ends in \`${operation.name}\``,
      tried,
      held,
      note,
    };
    if (tried === 0 && cases.length > 0) faults.push(`${operation.name}: none of its lies was told`);
    return { counts: tried === 0 ? [] : [count], faults };
  } finally {
    await lab.close();
  }
}

function casesOf(operation: LiveOperation, heard: Readonly<Record<Hearer, number>>): MonitorCase[] {
  return HEARERS.flatMap((hearer) =>
    Array.from({ length: heard[hearer] }, (_, index) => index + 1).flatMap((number) =>
      LIES.map((lie) => ({ operation, hearer, number, lie })),
    ),
  );
}

function drawn(cases: readonly MonitorCase[], { scale, seed, only }: Sweep): MonitorCase[] {
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
