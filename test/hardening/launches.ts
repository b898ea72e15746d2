import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bootSectors } from '../../fixtures/boot-sectors.ts';
import { run as runProgram } from '../../src/process/run.ts';
import { Scope } from '../../src/util/scope.ts';
import { makeHome } from '../e2e/named/home.ts';
import type { Report } from './launches/process.ts';
import type { HardeningOptions, Section } from './section.ts';

const SCRIPT = join(import.meta.dirname, 'launches/process.ts');
/** Of a launch for each round; more is a leak. */
const HEAP_BYTES = 4096;

const CROWDS = [
  { kind: 'launch', what: 'launches (boot sectors, with passt)', rounds: 1000, atOnce: 50 },
  { kind: 'fork', what: 'forks of a template', rounds: 200, atOnce: 10 },
  { kind: 'pool', what: 'forks out of a pool', rounds: 200, atOnce: 10 },
];

export const launches: Section = {
  title:
    'launches and forks that are ended at random moments: by signals, disposal, stops, dead QEMUs and passts',
  async run(options) {
    // Templates cost a boot each.
    const crowds = options.scale < 0.2 ? CROWDS.slice(0, 1) : CROWDS;
    const reports = [];
    for (const crowd of crowds) reports.push({ ...crowd, report: await launchAll(crowd, options) });
    return {
      counts: reports.map(({ what, atOnce, report }) => ({
        what: `${what} ended at random moments, ${atOnce} at once; no process, descriptor, listener, timer or file is left`,
        tried: report.rounds,
        held: report.held,
        note: `heap ${report.heapGrowth >= 0 ? '+' : ''}${report.heapGrowth.toFixed(0)} bytes a round`,
      })),
      faults: reports.flatMap(({ kind, report }) => [
        ...report.faults.map((fault) => `${kind}: ${fault}`),
        ...(options.scale === 1 && report.heapGrowth > HEAP_BYTES
          ? [`${kind}: the heap grows by ${report.heapGrowth.toFixed(0)} bytes a round`]
          : []),
      ]),
    };
  },
};

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
