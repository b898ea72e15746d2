/** Run by launches.ts in a separate process: ROUNDS AT_ONCE SEED KIND IMAGE. Prints its findings as one line of JSON. */
import { getEventListeners } from 'node:events';
import { homedir } from 'node:os';
import { Random } from '../../../fixtures/agent/random.ts';
import { VmletError } from '../../../src/errors/index.ts';
import { createPool, createTemplate, launch } from '../../../src/index.ts';
import { locate } from '../../../src/machine/paths/locations.ts';
import { Scope } from '../../../src/util/scope.ts';
import { until } from '../../until.ts';
import { many } from '../many.ts';
import { takeInventory, whatIsMore } from './inventory.ts';
import { ENDINGS, type Start, launchAndEnd } from './round.ts';

export interface Report {
  readonly rounds: number;
  readonly held: number;
  /**
   * The growth of the heap in bytes, after a full collection after each third of the rounds: the smallest growth.
   * Things that are loaded or created once grow one of the thirds; leftovers of rounds grow all.
   */
  readonly heapGrowth: number;
  /** After the warm-up and after each third. */
  readonly heaps: readonly number[];
  readonly endings: Readonly<Record<string, number>>;
  readonly faults: readonly string[];
}

const [rounds = 0, atOnce = 0, seed = 0] = process.argv.slice(2, 5).map(Number);
const [kind = '', image = ''] = process.argv.slice(5);
const random = new Random(seed);
const faults: string[] = [];
const endings: Record<string, number> = {};
process.on('unhandledRejection', (reason) => faults.push(`unhandled rejection: ${String(reason)}`));

/** Things created once (templates, caches, pools of threads) exist after it. */
const WARM_UP = 60;
const COLLECTIONS = 4;
const PARTS = 3;

{
  await using scope = new Scope();
  const start = await starter(scope);
  await run(Math.min(WARM_UP, rounds), start);
  const locations = locate(process.env, homedir(), process.getuid?.() ?? 0);
  await settle();
  const before = takeInventory(locations);
  const heaps = [await heapBytes()];
  let held = 0;
  for (let part = 1; part <= PARTS; part++) {
    held += await run(Math.round((rounds * part) / PARTS) - Math.round((rounds * (part - 1)) / PARTS), start);
    await settle();
    heaps.push(await heapBytes());
  }
  await until(() => whatIsMore(before, takeInventory(locations)).length === 0).catch(() => undefined);
  faults.push(...whatIsMore(before, takeInventory(locations)).map((what) => `left: ${what}`));
  const heapGrowth = Math.min(...heaps.slice(1).map((bytes, part) => bytes - (heaps[part] ?? 0)));
  const report: Report = { rounds, held, heapGrowth, heaps, endings, faults };
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

async function starter(scope: Scope): Promise<Start> {
  if (kind === 'launch')
    return async (signal) => launch({ image, memory: '32M', ports: ['8080'], until: 'running', signal });
  const template = await createTemplate({ memory: '128M' });
  scope.defer(async () => template[Symbol.asyncDispose]());
  if (kind === 'fork') return async (signal) => template.fork({ signal });
  const pool = createPool(template, { size: 4 });
  scope.defer(async () => pool.close());
  return async (signal) => pool.fork({ signal });
}

async function run(count: number, start: Start): Promise<number> {
  const results = await many(count, atOnce, async () => {
    const ending = random.pick(ENDINGS);
    endings[ending] = (endings[ending] ?? 0) + 1;
    let given: AbortSignal | undefined;
    try {
      await launchAndEnd(async (signal) => start((given = signal)), ending, random);
    } catch (error) {
      // A launch whose passt was killed during the start reports that.
      if (!(error instanceof VmletError)) throw error;
    }
    const listening = given ? getEventListeners(given, 'abort').length : 0;
    if (listening > 0) throw new Error(`${listening} listeners are left on a signal after ${ending}`);
  });
  const problems = results.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []));
  faults.push(...problems);
  return count - problems.length;
}

/** A pool refills itself in the background. */
async function settle(): Promise<void> {
  const wait = async (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1500));
  await wait();
}

/** Objects finalized in one collection release others for the next. */
async function heapBytes(): Promise<number> {
  const { gc } = globalThis;
  if (!gc) throw new Error('expected a Node with --expose-gc');
  for (let collection = 0; collection < COLLECTIONS; collection++) {
    gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().heapUsed;
}
