import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Finished, Started } from '../../e2e/command.ts';
import { terminate } from '../../e2e/named/home.ts';
import { inTime, until } from '../../until.ts';
import type { Moment, TimesLeft } from './moment.ts';
import type { Place } from './place.ts';

const COMMAND = ['--', 'true'];
/** Reads all files of the guest, which are in its memory: a guest that is not whole prints another digest. */
const READ_ALL = ['--', 'sh', '-c', 'find / -xdev -type f -exec cat {} + | sha256sum'];
/** The processes of a killed launcher end at once, unless the host is very busy. */
const LINGERS_MS = 30_000;
const HANGS_MS = 120_000;

/** A first run that nothing disturbs. */
export interface Undisturbed {
  readonly left: TimesLeft;
  /** The output of a guest that was not kept. */
  readonly printed: string;
  /** The names of the files of a kept guest. */
  readonly files: readonly string[];
}

export interface RoundResult {
  /** A run that had already ended is not counted. */
  readonly isKilled: boolean;
  /** Whether the killed run has kept its guest. */
  readonly isKept: boolean;
  readonly processes: readonly string[];
  /** The signs that a later run used a half-made guest, or could not use a whole one. */
  readonly misuse: readonly string[];
  readonly leftOver: readonly string[];
}

/** @throws Error if the guest is not kept, or not forked by the next run. */
export async function undisturbed(place: Place): Promise<Undisturbed> {
  place.removeKept();
  const began = performance.now();
  const first = place.run(...place.way.first, ...COMMAND);
  const answered = await passes(first, () => hasAnswered(first));
  const named = await passes(first, () => place.kept().length > 0);
  const { stderr } = await first.finished;
  const ended = performance.now();
  const [directory] = place.kept();
  if (directory === undefined) throw new Error(`no guest is kept: ${stderr}`);
  const files = readdirSync(directory);
  const { stdout: printed } = await place.run('--fresh', ...place.way.later, ...READ_ALL).finished;
  const problems = await problemsOfNext(place, printed, 'fork');
  if (problems.length > 0) throw new Error(problems.join('; '));
  return {
    left: { start: ended - began, answer: ended - answered, name: ended - named },
    printed,
    files,
  };
}

/** Kills the launcher of a first run at this moment, and runs the command twice. */
export async function killRound(place: Place, moment: Moment, whole: Undisturbed): Promise<RoundResult> {
  place.removeKept();
  const first = place.run(...place.way.first, ...COMMAND);
  await passes(first, () => hasPassed(first, moment, place));
  await delay(moment.ms);
  first.process.kill('SIGKILL');
  const processes = await processesLeft(place);
  const { signal } = await first.finished;
  const isKept = place.kept().length > 0;
  const misuse = [
    ...(await problemsOfNext(place, whole.printed, isKept ? 'fork' : 'boot, kept')),
    ...(await problemsOfNext(place, whole.printed, 'fork')),
  ];
  return {
    isKilled: signal === 'SIGKILL',
    isKept,
    processes,
    misuse,
    leftOver: await filesLeft(place, whole),
  };
}

/** An empty lock, which only says that a killed run was creating a guest, stays until a prune. */
async function filesLeft(place: Place, { files }: Undisturbed): Promise<string[]> {
  const beforePrune = place.remains(files).filter((path) => !path.endsWith('.lock'));
  await place.prune();
  return [...new Set([...beforePrune, ...place.remains(files)])].map((path) => `${path} is left`);
}

function hasPassed(first: Started, { after }: Moment, place: Place): boolean {
  switch (after) {
    case 'start':
      return true;
    case 'answer':
      return hasAnswered(first);
    case 'name':
      return place.kept().length > 0;
  }
}

function hasAnswered(run: Started): boolean {
  return run.stderr().includes('"the agent answers"');
}

/** Waits for a moment of a run, or its end. @returns the time. */
async function passes(run: Started, hasCome: () => boolean): Promise<number> {
  await until(() => hasCome() || run.process.exitCode !== null);
  return performance.now();
}

/** The processes that do not end with the launcher; they are killed. */
async function processesLeft(place: Place): Promise<string[]> {
  const limit = AbortSignal.timeout(LINGERS_MS);
  try {
    await until(() => place.processes().length === 0, { signal: limit });
    return [];
  } catch (error) {
    if (!limit.aborted) throw error;
    return place.processes().map(({ pid, commandLine }) => {
      terminate(pid, 'SIGKILL');
      return `left: ${pid} ${commandLine.slice(0, 100)}`;
    });
  }
}

async function problemsOfNext(place: Place, printed: string, origin: Origin): Promise<string[]> {
  const run = place.run(...place.way.later, ...READ_ALL);
  const finished = await inTime(run.finished, HANGS_MS, undefined);
  run.process.kill('SIGKILL');
  if (!finished) return ['the next run hangs'];
  const { status, stdout, stderr } = finished;
  const found = originOf(finished);
  return [
    ...(status === 0 ? [] : [`the next run ends with ${String(status)}: ${stderr.slice(-300)}`]),
    ...(stdout === printed ? [] : [`the guest prints ${JSON.stringify(stdout)}`]),
    ...(found === origin ? [] : [`the next run is a ${found}, not a ${origin}: ${reasonIn(stderr)}`]),
  ];
}

type Origin = 'fork' | 'boot, kept' | 'boot';

function originOf({ stderr }: Finished): Origin {
  if (stderr.includes('"forked a kept guest"')) return 'fork';
  return stderr.includes('"kept the booted guest"') ? 'boot, kept' : 'boot';
}

function reasonIn(stderr: string): string {
  const line = stderr.split('\n').find((one) => /kept guest cannot be forked|cannot be kept/.test(one));
  return line?.slice(0, 300) ?? 'the log does not say why';
}
