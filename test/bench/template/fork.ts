import { readFileSync } from 'node:fs';
import pino from 'pino';
import {
  type Machine,
  type Pool,
  type Template,
  createPool,
  createTemplate,
  launch,
} from '../../../src/index.ts';
import { alternate } from '../measurement/alternate.ts';
import type { Section } from '../section.ts';
import { describeTimes, median } from '../measurement/statistics.ts';
import { restoreByHand } from './restore-by-hand.ts';

const GUEST = { image: 'micro' } as const;
const FORKS_FOR_MEMORY = 30;

export const fork: Section = {
  title:
    'a fork until its first command is answered, against a cold boot (at most 1/12) and against QEMU by hand (at most 30 ms more); from a pool until it runs (at most 15 ms)',
  rounds: 20,
  async run(rounds) {
    await using template = await createTemplate(GUEST);
    // A manual start has no network.
    await using alone = await createTemplate({ ...GUEST, net: 'none' });
    await using pool = createPool(template, { size: 1 });
    await using warmPool = createPool(template, { size: 1, warm: true });
    const running: number[] = [];
    const [cold = [], forked = [], pooled = [], warm = [], unconnected = [], byHand = []] = await alternate(
      [
        { name: 'cold boot', measure: async () => untilAnswer(async () => launch(GUEST)) },
        { name: 'fork', measure: async () => untilAnswer(async () => template.fork()) },
        { name: 'fork of a pool', measure: async () => untilPoolAnswers(pool, running) },
        { name: 'fork of a warm pool', measure: async () => untilPoolAnswers(warmPool, []) },
        { name: 'fork without a network', measure: async () => untilAnswer(async () => alone.fork()) },
        { name: 'by hand', measure: async () => restoreByHand(alone) },
      ],
      rounds,
    );
    const memory = await measureMemory(template);
    const text = [
      `cold boot               ${describeTimes(cold)}`,
      `fork                    ${describeTimes(forked)}: 1/${(median(cold) / median(forked)).toFixed(1)} of it`,
      `fork of a pool          ${describeTimes(pooled)}: 1/${(median(cold) / median(pooled)).toFixed(1)}`,
      `  until it runs         ${describeTimes(running.slice(1))}`,
      `fork of a warm pool     ${describeTimes(warm)}: 1/${(median(cold) / median(warm)).toFixed(1)}`,
      `fork without a network  ${describeTimes(unconnected)}`,
      `by hand                 ${describeTimes(byHand)}`,
      `  more than by hand     ${(median(unconnected) - median(byHand)).toFixed(0)} ms in the median`,
      `memory of ${FORKS_FOR_MEMORY} forks       ${describeMemory(memory)}`,
    ].join('\n');
    return { text, data: { cold, forked, pooled, running, warm, unconnected, byHand, memory } };
  },
};

async function untilAnswer(start: () => Promise<Machine>): Promise<number> {
  const started = performance.now();
  const machine = await start();
  await machine.exec(['true']);
  const time = performance.now() - started;
  await machine.kill();
  return time;
}

/** The pool’s work happens before: it is full when the clock starts. */
async function untilPoolAnswers(pool: Pool, running: number[]): Promise<number> {
  await pool.full();
  const started = performance.now();
  const machine = await pool.fork({
    log: pino(
      { level: 'debug' },
      {
        write: (line: string) => {
          if (line.includes('fork running')) running.push(performance.now() - started);
        },
      },
    ),
  });
  await machine.exec(['true']);
  const time = performance.now() - started;
  await machine.kill();
  await pool.full();
  return time;
}

interface Memory {
  /** Proportional set sizes of their QEMUs, in bytes: shared memory counts for each by its share. */
  readonly pss: readonly number[];
  /** Resident set sizes, in bytes: the memory that they would need without sharing. */
  readonly rss: readonly number[];
}

async function measureMemory(template: Template): Promise<Memory> {
  const machines: Machine[] = [];
  try {
    while (machines.length < FORKS_FOR_MEMORY) {
      const machine = await template.fork();
      machines.push(machine);
      await machine.exec(['true']);
    }
    const sizes = machines.map(({ pid }) => readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
    const of = (field: string) =>
      sizes.map((text) => Number(new RegExp(`^${field}: +(\\d+) kB`, 'm').exec(text)?.[1]) * 1024);
    return { pss: of('Pss'), rss: of('Rss') };
  } finally {
    await Promise.all(machines.map(async (machine) => machine.kill()));
  }
}

function describeMemory({ pss, rss }: Memory): string {
  const mebibytes = (sizes: readonly number[]) => Math.round(sizes.reduce((a, b) => a + b, 0) / 1024 ** 2);
  return `${mebibytes(pss)} MiB in all, ${Math.round(median(pss) / 1024 ** 2)} MiB each by its share; ${mebibytes(rss)} MiB if they shared nothing`;
}
