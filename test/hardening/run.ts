import { execFileSync } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import buildWhatIsTested from '../built.ts';
import { fail, programOptions } from '../bench/program-options.ts';
import { hostFacts } from './report/host-facts.ts';
import { type SectionResult, held, saveResult, savedResults, verdictOf, withRows } from './report/results.ts';
import type { Findings, Section } from './section.ts';
import { countsTable, withCounts } from './report/table.ts';

const ROOT = join(import.meta.dirname, '../..');
const RESULTS = join(ROOT, 'hardening-results');
const COUNTS_PAGE = join(ROOT, 'docs/security-counts.md');
const INTERRUPTED = 130;
const VERDICT_WIDTH = 'not run'.length;
/** npm forwards a signal that the terminal has already sent to all of them. */
const SAME_INTERRUPT_MS = 1000;

const USAGE = `Usage: npm run hardening -- [SECTION…] [--scale N] [--seed N]
       npm run hardening -- --write

Runs attacks and faults, and counts. Raw logs go to hardening-results/SECTION.log, all counts to SECTION.json beside it,
and a table with the sums of the last result of each section to summary.md.

  --scale N  the part of the steps, rounds or cases, up to 1 (the default)
  --seed N   the seed of all random choices
  --write    run nothing; write that table to docs/security-counts.md. Sections that did not run here keep their rows.

Environment:
  VMLET_FAULT=OPERATION             faults: only one operation, whose row replaces that of the last result
  VMLET_FAULT=OPERATION:ERRNO:STEP  faults: one case, as in the raw log; not recorded
  VMLET_CASE=CASE                   programs, monitors: cases whose names in the raw log begin with CASE; not recorded
  VMLET_PART=PART                   networks (kills, life, strangers), shares (posix, model, kills, stress): only this
                                    part, whose rows replace those of the last result`;
// Before the sections are loaded: some of them probe the host, which needs the built programs.
await buildWhatIsTested();
const { SECTIONS } = await import('./sections.ts');

const { values, positionals } = programOptions(USAGE, SECTIONS, {
  scale: { type: 'string', default: '1' },
  seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  write: { type: 'boolean', default: false },
});
const names = Object.keys(SECTIONS);
const scale = Number(values.scale);
if (!(scale > 0 && scale <= 1)) fail(`--scale ${values.scale}: expected a number over 0 and up to 1`);
const seed = Number(values.seed);
if (!Number.isSafeInteger(seed)) fail(`--seed ${values.seed}: expected a whole number`);

// Each of the concurrent homes is removed at the exit, too.
process.setMaxListeners(0);
mkdirSync(RESULTS, { recursive: true });
if (values.write) writeTable();
else await runSections(positionals.length > 0 ? names.filter((name) => positionals.includes(name)) : names);

async function runSections(chosen: readonly string[]): Promise<void> {
  const interruption = endAtInterrupt();
  const host = await hostFacts();
  const failed = [];
  const notRun: string[] = [];
  for (const name of chosen) {
    const section = SECTIONS[name];
    if (section === undefined || interruption.aborted) continue;
    console.log(`\n== ${name}: ${section.title}`);
    const started = performance.now();
    const at = new Date().toISOString();
    const findings = await runSection(name, section, interruption);
    if (findings === 'interrupted') continue;
    const seconds = Math.round((performance.now() - started) / 1000);
    save(name, { title: section.title, host, commit: commit(), at, scale, seed, seconds, ...findings });
    print(findings, seconds);
    notRun.push(...findings.counts.filter((one) => verdictOf(one) === 'not run').map(({ what }) => what));
    if (!held(findings)) failed.push(name);
  }
  const summary = join(RESULTS, 'summary.md');
  writeFileSync(summary, `${countsTable(savedResults(RESULTS, names))}\n`);
  console.log(
    `\n${summary} has the sums; all counts and the raw logs are beside it. This run: --scale ${scale} --seed ${seed}`,
  );
  if (interruption.aborted)
    console.log('Interrupted: a section that was cut short has its earlier counts, if any.');
  else if (failed.length === 0) console.log(`All that was tried held (${chosen.join(', ')}).`);
  else console.log(`FAILED: ${failed.join(', ')}`);
  if (notRun.length > 0) console.log(`Not run: ${notRun.join('; ')}`);
  if (failed.length > 0) process.exitCode = 1;
  if (interruption.aborted) process.exitCode = INTERRUPTED;
}

/** A partial count replaces its own rows if the result has complete ones. */
function save(name: string, result: SectionResult): void {
  const whole = savedResults(RESULTS, [name]).get(name);
  if (result.extent === undefined) saveResult(RESULTS, name, result);
  else if (result.extent === 'rows' && whole) saveResult(RESULTS, name, withRows(whole, result));
  else console.log(`The saved counts of ${name} stay what they were.`);
}

/** A section that cannot run does not prevent the others. */
async function runSection(
  name: string,
  section: Section,
  signal: AbortSignal,
): Promise<Findings | 'interrupted'> {
  const raw = createWriteStream(join(RESULTS, `${name}.log`));
  const log = (line: string): void => void raw.write(`${line}\n`);
  try {
    const findings = await section.run({ scale, seed, log, signal });
    if (signal.aborted) return 'interrupted';
    if (findings.counts.some(({ tried }) => tried > 0)) return findings;
    return { ...findings, faults: [...findings.faults, 'nothing was tried'] };
  } catch (error) {
    if (signal.aborted) return 'interrupted';
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    log(text);
    return { counts: [], faults: [`the section did not come to its end: ${text}`] };
  } finally {
    await new Promise((resolve) => raw.end(resolve));
  }
}

function print({ counts, faults }: Findings, seconds: number): void {
  for (const count of counts) {
    const { what, tried, held, note } = count;
    const verdict = verdictOf(count).padEnd(VERDICT_WIDTH);
    console.log(`${verdict} ${what}: ${held} of ${tried}${note ? ` (${note})` : ''}`);
  }
  for (const fault of faults) console.log(`${'FAILED'.padEnd(VERDICT_WIDTH)} ${fault}`);
  console.log(`${seconds} s`);
}

function writeTable(): void {
  if (positionals.length > 0) fail('--write runs nothing; name no sections with it');
  try {
    const page = readFileSync(COUNTS_PAGE, 'utf8');
    writeFileSync(COUNTS_PAGE, withCounts(page, savedResults(RESULTS, names), names));
  } catch (error) {
    fail((error as Error).message);
  }
}

/** The first Ctrl-C lets the section clean up, the second does not wait for it. */
function endAtInterrupt(): AbortSignal {
  const controller = new AbortController();
  let firstAt = 0;
  const end = (): void => {
    if (!controller.signal.aborted) {
      firstAt = performance.now();
      console.log('\nEnding after the present step; once more to end at once.');
      controller.abort();
    } else if (performance.now() - firstAt > SAME_INTERRUPT_MS) process.exit(INTERRUPTED);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
  return controller.signal;
}

function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--untracked-files=no') !== '';
  return `${git('rev-parse', '--short', 'HEAD')}${changed ? ' with changes' : ''}`;
}
