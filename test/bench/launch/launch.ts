import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run as runCommand } from '../../../src/process/run.ts';
import { makeTemporaryDirectory } from '../../directory.ts';
import { alternate } from '../measurement/alternate.ts';
import { VMLET } from '../measurement/built-command.ts';
import { padding, scriptByHand } from './by-hand.ts';
import { type Phase, describePhases, readPhases } from './phases.ts';
import type { Section } from '../section.ts';
import { describeTimes, median } from '../measurement/statistics.ts';
import { timeCommand } from '../measurement/timed-command.ts';

/** A manual start does not configure the guest; the second comparison includes that. */
const BY_HAND = [
  { net: 'auto', job: 'bare' },
  { net: 'auto', job: 'set up' },
  { net: 'none', job: 'bare' },
] as const;

export const launch: Section = {
  title: 'vmlet run micro -- true against the same QEMU by hand in a shell script (at most 150 ms more)',
  rounds: 15,
  async run(rounds) {
    const { path: directory, remove } = makeTemporaryDirectory();
    const script = join(directory, 'by-hand.sh');
    const texts = await Promise.all(BY_HAND.map(async ({ net, job }) => scriptByHand(net, job)));
    try {
      const contenders = [
        ...(['auto', 'none'] as const).map((net) => ({
          name: `vmlet run --net ${net}`,
          measure: async () => timeCommand([process.execPath, VMLET, ...runArguments(net)]),
        })),
        ...BY_HAND.map(({ net, job }, index) => ({
          name: `by hand, network ${net}, ${job}`,
          measure: async () => {
            await writeFile(script, texts[index]!.replace('PADDING', padding()));
            return timeCommand(['sh', script]);
          },
        })),
      ];
      const samples = await alternate(contenders, rounds);
      const traces: Phase[][] = [];
      for (let round = 0; round < Math.min(rounds, 7); round++) traces.push(await traceRun());
      const lines = contenders.map(({ name }, index) => {
        const of = samples[index]!;
        const cpu = median(of.map(({ cpuMs }) => cpuMs));
        return `${name.padEnd(30)} ${describeTimes(of.map(({ wallMs }) => wallMs))}; cpu ${cpu.toFixed(0)} ms`;
      });
      const text = [
        ...lines,
        difference('more than by hand', samples[0]!, samples[2]!),
        difference('more than by hand with the guest set up', samples[0]!, samples[3]!),
        difference('more than by hand, both without network', samples[1]!, samples[4]!),
        '',
        'Where the time of vmlet run goes (median of each):',
        describePhases(traces),
      ].join('\n');
      const data = contenders.map(({ name }, index) => ({ name, samples: samples[index] }));
      return { text, data: { contenders: data, traces } };
    } finally {
      remove();
    }
  },
};

function runArguments(net: string): string[] {
  return ['run', '--fresh', '--net', net, '--append', padding(), 'micro', '--', 'true'];
}

type Times = readonly { readonly wallMs: number; readonly cpuMs: number }[];

/** Ratios of the medians, and of the rounds: noise common to a round cancels out in the latter. */
function difference(what: string, ours: Times, theirs: Times): string {
  const pairs = ours.map(({ wallMs }, index) => wallMs - theirs[index]!.wallMs);
  const medians = median(ours.map(({ wallMs }) => wallMs)) - median(theirs.map(({ wallMs }) => wallMs));
  const cpu = median(ours.map(({ cpuMs }) => cpuMs)) - median(theirs.map(({ cpuMs }) => cpuMs));
  return `${what}: ${medians.toFixed(0)} ms in the median, ${median(pairs).toFixed(0)} ms in the median round; cpu ${cpu.toFixed(0)} ms`;
}

async function traceRun(): Promise<Phase[]> {
  const { path: directory, remove } = makeTemporaryDirectory();
  const log = join(directory, 'run.log');
  try {
    const startedAt = performance.timeOrigin + performance.now();
    await runCommand([
      'bash',
      ...['-c', 'log=$1; shift; "$@" 2>"$log"', 'bash', log],
      ...[process.execPath, VMLET, 'run', '--fresh', '--debug', 'micro', '--', 'true'],
    ]);
    return readPhases(await readFile(log, 'utf8'), startedAt, performance.timeOrigin + performance.now());
  } finally {
    remove();
  }
}
