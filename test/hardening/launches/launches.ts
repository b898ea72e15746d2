import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bootSectors } from '../../../fixtures/guests/boot-sectors.ts';
import { run as runProgram } from '../../../src/process/run.ts';
import { Scope } from '../../../src/util/scope.ts';
import { makeHome } from '../../e2e/named/home.ts';
import type { Report } from './process.ts';
import type { HardeningOptions, Section } from '../section.ts';

const SCRIPT = join(import.meta.dirname, 'process.ts');
/**
 * The code that V8 compiles at run time is on the heap as well: some hundred kilobytes in the first thousand rounds,
 * which is not a leak. Without its compilers, the rest is held by references.
 */
const ONLY_OBJECTS = ['--no-opt', '--no-sparkplug', '--no-flush-bytecode', '--no-lazy-feedback-allocation'];
/** A leaked machine takes some ten thousand bytes, one listener with its closure about two hundred. */
const HEAP_BYTES_A_ROUND = 150;
/** Tables grow in steps. */
const HEAP_BYTES_AT_ALL = 50_000;

const CROWDS = [
  { kind: 'launch', what: 'launches (boot sectors, with passt)', rounds: 1000, atOnce: 50 },
  { kind: 'fork', what: 'forks of a template', rounds: 200, atOnce: 10 },
  { kind: 'pool', what: 'forks from a pool', rounds: 200, atOnce: 10 },
];

export const launches: Section = {
  title:
    'launches and forks that are ended at random moments: by signals, disposal, stops, dead QEMUs and passts',
  async run(options) {
    // Creating templates costs a boot each.
    const crowds = options.scale < 0.2 ? CROWDS.slice(0, 1) : CROWDS;
    const reports = [];
    for (const crowd of crowds) reports.push({ ...crowd, report: await launchAll(crowd, options) });
    return {
      counts: [
        ...reports.map(({ what, atOnce, report }) => ({
          what: `${what} ended at random moments, ${atOnce} at once; no process, descriptor, listener, timer or file is left`,
          kind: 'launches, forks and forks from a pool ended at random moments; nothing is left',
          tried: report.rounds,
          held: report.held,
        })),
        {
          what: `heaps of the launchers: in at least one third of the rounds they grow by at most ${HEAP_BYTES_AT_ALL} bytes and ${HEAP_BYTES_A_ROUND} a round`,
          tried: reports.length,
          held: reports.filter(({ report }) => report.heapGrowth <= heapLimit(report)).length,
          note: `${reports.map(({ kind, report }) => `${kind} ${describeGrowth(report)}`).join(', ')}; V8's compilers are off, since compiled code is not a leak`,
        },
      ],
      faults: reports.flatMap(({ kind, report }) => [
        ...report.faults.map((fault) => `${kind}: ${fault}`),
        ...(report.heapGrowth > heapLimit(report)
          ? [`${kind}: the heap grows with the rounds, ${describeGrowth(report)}`]
          : []),
      ]),
    };
  },
};

function heapLimit({ rounds }: Report): number {
  return HEAP_BYTES_AT_ALL + (rounds / 3) * HEAP_BYTES_A_ROUND;
}

function describeGrowth({ heapGrowth, rounds }: Report): string {
  return `${heapGrowth >= 0 ? '+' : ''}${heapGrowth} bytes in the best third of ${rounds} rounds`;
}

async function launchAll(
  { kind, rounds, atOnce }: (typeof CROWDS)[number],
  { scale, seed, log, signal }: HardeningOptions,
): Promise<Report> {
  await using scope = new Scope();
  const home = await makeHome();
  scope.defer(async () => home.close());
  const image = join(home.path, 'hang.raw');
  writeFileSync(image, bootSectors.hang);
  const count = Math.max(4, Math.round(rounds * scale));
  const { stdout } = await runProgram(
    [
      process.execPath,
      '--expose-gc',
      ...ONLY_OBJECTS,
      '--import',
      import.meta.resolve('tsx'),
      SCRIPT,
      ...[count, Math.min(atOnce, count), seed, kind, image].map(String),
    ] as [string, ...string[]],
    { environment: { ...home.environment, TSX_DISABLE_CACHE: '1' }, signal },
  );
  const text = stdout.toString('utf8');
  log(`${kind}: ${text.trim()}`);
  return JSON.parse(text) as Report;
}
