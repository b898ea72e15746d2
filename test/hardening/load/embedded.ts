import { existsSync, readdirSync } from 'node:fs';
import type { StopRung } from '../../../src/machine/running/escalate-stop.ts';
import type { Locations } from '../../../src/machine/paths/locations.ts';
import type { Outcome, RunningMachine } from '../../../src/index.ts';
import { until } from '../../until.ts';
import type { Count, HardeningOptions } from '../section.ts';
import { type ChildProcess, descendantsOf, describeMemory, memoryOf } from './child-processes.ts';
import { many, reasonsOf } from '../many.ts';

export interface Crowd {
  readonly what: string;
  readonly size: number;
  /** The number of machines started at once, and stopped at once. */
  readonly atOnce: number;
  /** The expected end of a machine after a request to stop. */
  readonly endsBy: StopRung;
  readonly stopMs: number;
  start(index: number): Promise<RunningMachine>;
}

const ORDERLY = new Set<Outcome['kind']>(['power-off', 'host-quit']);

/** Starts all machines of a crowd in this process, measures their resources, and stops them. */
export async function loadEmbedded(
  crowd: Crowd,
  locations: Locations,
  { log }: HardeningOptions,
): Promise<{ readonly count: Count; readonly faults: readonly string[] }> {
  const before = descendantsOf(process.pid).length;
  const there = entriesOf(locations);
  const ownBefore = memoryOf(process.pid) ?? 0;
  const began = performance.now();
  const started = await many(crowd.size, crowd.atOnce, async (index) => crowd.start(index));
  const seconds = (performance.now() - began) / 1000;
  const machines = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const children = descendantsOf(process.pid);
  const own = ((memoryOf(process.pid) ?? 0) - ownBefore) / crowd.size / 2 ** 20;
  const note = [
    `${(crowd.size / seconds).toFixed(1)} starts a second, ${crowd.atOnce} at once`,
    describeMemory(
      'QEMU',
      machines.map(({ pid }) => pid),
    ),
    describeMemory('passt', pidsOf(children, 'passt')),
    `launcher ${own.toFixed(2)} MiB a machine`,
  ].join('; ');
  log(`${crowd.what}: ${machines.length} of ${crowd.size} in ${seconds.toFixed(1)} s; ${note}`);
  const stopped = await many(machines.length, crowd.atOnce, async (index) => {
    const { rung, outcome } = await machines[index]!.stop({ timeoutMs: crowd.stopMs });
    if (rung !== crowd.endsBy || !ORDERLY.has(outcome.kind))
      throw new Error(`ended by ${rung ?? 'itself'}: ${JSON.stringify(outcome)}`);
  });
  await Promise.all(machines.map(async (machine) => machine.kill()));
  await until(() => descendantsOf(process.pid).length <= before);
  const left = entriesOf(locations).filter((path) => !there.includes(path));
  const problems = [...reasonsOf(started), ...reasonsOf(stopped)];
  for (const problem of problems) log(`${crowd.what}: ${problem}`);
  return {
    count: { what: crowd.what, tried: crowd.size, held: crowd.size - problems.length, note },
    faults: left.map((path) => `${crowd.what}: ${path} is left`),
  };
}

function entriesOf({ runtime, scratch }: Locations): string[] {
  return [runtime, scratch].flatMap((path) =>
    existsSync(path) ? readdirSync(path).map((name) => `${path}/${name}`) : [],
  );
}

function pidsOf(children: readonly ChildProcess[], name: string): number[] {
  return children.filter(({ program }) => program.startsWith(name)).map(({ pid }) => pid);
}
