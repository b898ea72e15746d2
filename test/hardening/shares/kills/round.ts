import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Finished, Started } from '../../../e2e/command.ts';
import type { Home } from '../../../e2e/named/home.ts';
import { leftovers } from '../../../e2e/named/truth.ts';
import { inTime, until } from '../../../until.ts';
import { type Victim, isVictim } from './victim.ts';

export const NAME = 'm';
const VOLUME = 'kept';
const ADDED = '/added';
/** The guest reads and writes until the host says so: `run` may have started it again on another machine. */
const WORK =
  'until [ -e /r/stop ]; do cat /s/host >>/s/guest; cp /s/guest /s/copy; cp /s/guest /v/copy; ls /s /r >/dev/null; done';
/** Flushed lines of the volume are copied to the share, where no kill of a machine can lose them. */
const LOST = 'the volume has lost flushed lines';
const CHECK_VOLUME = `flushed=$(wc -c </s/rounds) || exit
head -c "$flushed" /v/rounds | cmp -s - /s/rounds
[ $? -ne 1 ] || echo ${LOST}`;
const useOf = (number: number): string =>
  [CHECK_VOLUME, `echo ${number} >>/v/rounds; sync; cp /v/rounds /s/rounds`, WORK].join('\n');
const HANGS_MS = 120_000;

export interface Round {
  readonly home: Home;
  /** The shared directory. */
  readonly source: string;
  readonly number: number;
  readonly victim: Victim;
  /** When it is killed, counted from the start of the first command; later if it does not run by then. */
  readonly atMs: number;
}

/** A directory to write, one to read, and a volume. */
export function mountsOf(source: string): string[] {
  return ['-v', `${source}:/s`, '-v', `${source}:/r:ro`, '-v', `${VOLUME}:/v`];
}

/** A directory that a named machine gets while it runs. */
function addShare(home: Home, source: string): Started {
  return home.start(['share', 'add', NAME, `${source}:${ADDED}`]);
}

/** The definition has it after the addition, whatever was killed. */
async function forgetAdded(home: Home): Promise<void> {
  const { status, stderr } = await home.vmlet('share', 'rm', NAME, ADDED);
  if (status !== 0 && !stderr.includes('has no directory')) throw new Error(stderr);
}

/** A named machine is started and used, and one of its processes is killed meanwhile. @returns all faults. */
export async function namedRound({ home, source, number, victim, atMs }: Round): Promise<string[]> {
  const written = `round ${number}\n`;
  writeFileSync(join(source, 'host'), written);
  rmSync(join(source, 'stop'), { force: true });
  await forgetAdded(home);
  // A killed throw-away machine leaves its files to the next one, which `filesLeft` starts.
  const before = leftovers(home);
  let isKilled = false;
  const commands = [home.start(['start', NAME])];
  const use = async (): Promise<string[]> => {
    const { status, stderr } = await commands[0]!.finished;
    // The last kill must not prevent this start; this one may.
    if (status !== 0) return isKilled ? [] : [`the next start fails: ${stderr}`];
    const addition = addShare(home, source);
    commands.push(addition);
    const added = await addition.finished;
    if (added.status !== 0) return isKilled ? [] : [`no directory can be added: ${added.stderr}`];
    const script = `cat ${ADDED}/host\n${useOf(number)}`;
    const used = home.start(['exec', NAME, '--', 'sh', '-c', script]);
    commands.push(used);
    const { stdout } = await used.finished;
    return ['', written].includes(stdout) ? [] : [`the guest reads ${JSON.stringify(stdout)}`];
  };
  const used = use();
  await delay(atMs);
  await killOne(home, victim);
  isKilled = true;
  writeFileSync(join(source, 'stop'), '');
  const faults = await faultsInTime(used, commands);
  // A machine outlives the commands that it is used by.
  if (victim === 'launcher') {
    await until(async () => {
      await home.vmlet('kill', NAME);
      return isQuiet(home);
    });
  }
  return [...faults, ...(await remains(home)), ...newIn(leftovers(home), before)];
}

/** A throw-away machine is used, and one of its processes is killed. Its files are removed by a later start. */
export async function throwAwayRound({ home, source, number, victim, atMs }: Round): Promise<string[]> {
  const words = ['run', '--net', 'none', ...mountsOf(source), 'micro', '--', 'sh', '-c', useOf(number)];
  rmSync(join(source, 'stop'), { force: true });
  const running = home.start(words);
  await delay(atMs);
  await killOne(home, victim);
  writeFileSync(join(source, 'stop'), '');
  const faults = await faultsInTime(
    running.finished.then(({ stdout }) =>
      stdout === '' ? [] : [`the guest prints ${JSON.stringify(stdout)}`],
    ),
    [running],
  );
  return [...faults, ...(await remains(home))];
}

/** The time for a start, an addition and a first command, without a kill. @throws Error if they fail. */
export async function undisturbed(home: Home, source: string): Promise<number> {
  await forgetAdded(home);
  const began = performance.now();
  mustSucceed(await home.vmlet('start', NAME));
  mustSucceed(await addShare(home, source).finished);
  const script = `cat /s/host\n${CHECK_VOLUME}`;
  const { stdout } = mustSucceed(await home.vmlet('exec', NAME, '--', 'sh', '-c', script));
  if (stdout !== readFileSync(join(source, 'host'), 'utf8')) throw new Error(`the guest reads ${stdout}`);
  const took = performance.now() - began;
  mustSucceed(await home.vmlet('kill', NAME));
  return took;
}

export function mustSucceed(finished: Finished): Finished {
  if (finished.status !== 0) throw new Error(`status ${String(finished.status)}: ${finished.stderr}`);
  return finished;
}

/** Waits for the victim, and kills it. */
async function killOne(home: Home, victim: Victim): Promise<void> {
  await until(() => {
    const found = home.processes().find((one) => isVictim(victim, one));
    if (!found) return false;
    try {
      return process.kill(found.pid, 'SIGKILL');
    } catch (error) {
      // It ended at this moment.
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
      throw error;
    }
  });
}

/** The faults of what commands do, or that they hang; then they are killed, too. */
async function faultsInTime(faults: Promise<string[]>, commands: readonly Started[]): Promise<string[]> {
  const found = await inTime(faults, HANGS_MS, ['a command hangs']);
  for (const command of commands) command.process.kill('SIGKILL');
  return found;
}

async function remains(home: Home): Promise<string[]> {
  try {
    await until(() => isQuiet(home));
    return [];
  } catch {
    return home.processes().map(({ pid, commandLine }) => `left: ${pid} ${commandLine.slice(0, 100)}`);
  }
}

function newIn(paths: readonly string[], before: readonly string[]): string[] {
  return paths.filter((path) => !before.includes(path)).map((path) => `${path} is left`);
}

function isQuiet(home: Home): boolean {
  return home.processes().length === 0;
}
