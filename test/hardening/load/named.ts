import { describeEnd } from '../../../src/machines/index.ts';
import type { Home } from '../../e2e/named/home.ts';
import { leftovers, roleOf } from '../../e2e/named/truth.ts';
import { until } from '../../until.ts';
import type { Count, HardeningOptions } from '../section.ts';
import { describeMemory } from './child-processes.ts';
import { many, reasonsOf } from '../many.ts';

const STOP_MS = 3000;

/** Machines that outlive their launcher: created, started, listed, stopped and removed. */
export async function loadNamed(
  home: Home,
  image: string,
  size: number,
  atOnce: number,
  { log }: HardeningOptions,
): Promise<{ readonly count: Count; readonly faults: readonly string[] }> {
  const names = Array.from({ length: size }, (_, index) => `m${index}`);
  const made = await many(size, atOnce, async (index) =>
    home.store.create({ name: names[index]!, image: `${image},format=raw`, memory: '32M', display: 'none' }),
  );
  const began = performance.now();
  const started = await many(size, atOnce, async (index) => home.store.get(names[index]!).start());
  const seconds = (performance.now() - began) / 1000;
  const processes = home.processes();
  const pids = (role: string): number[] =>
    processes.filter((one) => roleOf(one) === role).map(({ pid }) => pid);
  const note = [
    `${(size / seconds).toFixed(1)} starts a second, ${atOnce} at once`,
    describeMemory('QEMU', pids('qemu')),
    describeMemory('passt', pids('passt')),
    describeMemory('keeper', pids('keeper')),
  ].join('; ');
  log(`named: ${size} in ${seconds.toFixed(1)} s; ${note}`);
  const listed = await home.vmlet('ls', '--json');
  const running = (JSON.parse(listed.stdout) as { machines: { state: string }[] }).machines.filter(
    ({ state }) => state === 'running',
  );
  const stopped = await many(size, atOnce, async (index) => {
    const { rung, outcome } = await home.store.get(names[index]!).live().stop({ timeoutMs: STOP_MS });
    if (rung !== 'quit' || outcome.kind !== 'host-quit')
      throw new Error(`${names[index]!} ended by ${rung}: ${describeEnd(outcome)}`);
  });
  await many(size, atOnce, async (index) => home.store.remove(names[index]!, { storage: true, force: true }));
  await until(() => home.processes().length === 0);
  const problems = [...reasonsOf(made), ...reasonsOf(started), ...reasonsOf(stopped)];
  for (const problem of problems) log(`named: ${problem}`);
  const what = 'named machines (boot sectors, with passt), started, listed, stopped and removed';
  return {
    count: { what, tried: size, held: Math.min(size - problems.length, running.length), note },
    faults: leftovers(home).map((path) => `${path} is left`),
  };
}
