import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import type { FuzzTarget } from './target.ts';

const CORPUS = join(import.meta.dirname, '../../../fixtures/fuzz/corpus');
/** Processor time, which other load does not lengthen. */
const LONGEST_CASE_MS = 2000;
/** More than one case could have read into memory, and much less than a leak in each case. */
const MOST_GROWTH_BYTES = 512 * 1024 * 1024;
/** A shorter time is not worth building it. */
const LED_MS = 5000;
const LONGEST_LOGGED = 100_000;

export interface FuzzRun {
  readonly cases: number;
  readonly faults: readonly string[];
  /** The number of cases for each verdict. */
  readonly verdicts: ReadonlyMap<string, number>;
}

interface Limits {
  readonly milliseconds: number;
  readonly seed: number;
  log(line: string): void;
}

/** Checks the corpus, then new cases until the time is over, or until one is wrong. */
export async function fuzz(target: FuzzTarget, limits: Limits): Promise<FuzzRun> {
  const { milliseconds, seed } = limits;
  const log = (line: string): void => limits.log(line.slice(0, LONGEST_LOGGED));
  const verdicts = new Map<string, number>();
  const faults: string[] = [];
  let cases = 0;
  const check = async (input: unknown): Promise<void> => {
    const before = process.cpuUsage();
    const verdict = await target.check(input);
    const { user, system } = process.cpuUsage(before);
    if ((user + system) / 1000 > LONGEST_CASE_MS) throw new Error(`takes ${(user + system) / 1000} ms`);
    cases += 1;
    verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
  };
  const fault = (input: unknown, error: unknown, where: string): void => {
    const problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const kept = target.encode(input).toString('base64');
    log(`FAULT ${target.name} ${where}: ${problem}`);
    log(`  to repeat it: npx tsx test/hardening/fuzz/repeat.ts ${target.name} ${kept}`);
    faults.push(`${target.name} (${where}): ${(problem.split('\n')[0] ?? '').slice(0, 300)}`);
  };
  const lead = async (led: NonNullable<FuzzTarget['led']>): Promise<void> => {
    const found = await led(join(CORPUS, target.name), { seconds: Math.round(milliseconds / 1000), seed });
    if (!found) return log(`${target.name}: no clang here that can be led by coverage`);
    if (found.crash) fault(found.crash.input, found.crash.problem, 'led by coverage');
    cases += found.cases;
    verdicts.set('led by coverage', found.cases);
  };
  const undo = await target.prepare?.();
  try {
    for (const [file, content] of corpusOf(target)) {
      const input = target.decode(content);
      await check(input).catch((error: unknown) => fault(input, error, file));
    }
    const kept = cases;
    const memory = liveBytes();
    const result = await fc.check(
      fc.asyncProperty(target.arbitrary, check),
      // The time ends it.
      { seed, numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: milliseconds },
    );
    if (result.counterexample !== null) {
      const [input] = result.counterexample;
      fault(input, result.errorInstance, `seed ${seed}, path ${result.counterexamplePath}`);
    } else if (cases === kept) faults.push(`${target.name}: not one case in ${milliseconds} ms`);
    if (target.led && milliseconds >= LED_MS) await lead(target.led);
    const growth = liveBytes() - memory;
    if (growth > MOST_GROWTH_BYTES) faults.push(`${target.name}: memory grew by ${growth} bytes`);
    log(
      `${target.name}: ${kept} of the corpus and ${cases - kept} cases in ${milliseconds} ms, seed ${seed}`,
    );
  } catch (error) {
    faults.push(`${target.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  } finally {
    await undo?.();
  }
  for (const verdict of target.expected) {
    if (!verdicts.has(verdict)) faults.push(`${target.name}: no case was ${verdict}, and so little is shown`);
  }
  log(
    `  ${[...verdicts].map(([verdict, count]) => `${count} ${verdict}`).join(', ')}`.slice(0, LONGEST_LOGGED),
  );
  return { cases, faults, verdicts };
}

/** Memory that is in use: garbage of the cases stays resident for as long as Node has room. */
function liveBytes(): number {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Inputs that once failed, and others that reach far, by their file names. */
export function corpusOf({ name }: Pick<FuzzTarget, 'name'>): readonly (readonly [string, Buffer])[] {
  const folder = join(CORPUS, name);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((file) => [file, readFileSync(join(folder, file))] as const);
}
