import { once } from 'node:events';
import { mkdirSync, writeFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import type { Findings } from '../section.ts';
import { STRANGER, type User, becoming, giveTo, spawnScript } from '../user.ts';
import { type Entry, entriesOf, processesOf } from './entry.ts';
import { giveMicro } from './given-micro.ts';
import type { Reached } from './stranger.ts';

const OWNER = join(import.meta.dirname, 'owner.ts');
const STRANGERS = join(import.meta.dirname, 'stranger.ts');

/** Creates everything that vmlet creates, as one user, and tries to access it as another. Only root can act for both. */
export async function reach(
  directory: string,
  owner: User,
  guests: 'none' | 'all',
  log: (line: string) => void,
): Promise<Findings> {
  const home = join(directory, 'home');
  mkdirSync(home, { recursive: true });
  if (guests === 'all') await giveMicro(join(home, '.local/share/vmlet/images'));
  giveTo(owner, directory);
  // A separate place for root, who may be running other machines here.
  const runtime = owner.uid === 0 ? join(directory, 'run') : undefined;
  if (runtime !== undefined) mkdirSync(runtime, { mode: 0o700 });
  const sockets = runtime ?? `/tmp/vmlet-${owner.uid}`;
  const environment = { PATH: process.env['PATH'], HOME: home, XDG_RUNTIME_DIR: runtime };
  const child = spawnScript(becoming(owner), OWNER, [directory, guests], environment);
  const gone = once(child, 'exit');
  try {
    const [line] = (await Promise.race([once(createInterface(child.stdout!), 'line'), gone])) as [unknown];
    if (line !== 'ready') throw new Error(`what is to be reached was not made: ${String(line)}`);
    const made = [home, join(directory, 'work'), sockets].flatMap((path) => entriesOf(path));
    const ofVmlet = made.filter(
      ({ path }) => path !== home && path !== join(directory, 'work') && path !== runtime,
    );
    return await judge(owner, [...ofVmlet, ...processesOfVmlet(owner)], directory, log);
  } finally {
    child.stdin?.end();
    await gone;
    // An unused number, so that nobody else owns anything there.
    if (runtime === undefined) rmSync(sockets, { recursive: true, force: true });
  }
}

/** Root’s entries with vmlet’s names, among others. */
function processesOfVmlet({ uid }: User): Entry[] {
  return processesOf(uid, uid === 0 ? /qemu|passt|swtpm|vmlet/ : undefined);
}

async function judge(
  owner: User,
  entries: readonly Entry[],
  directory: string,
  log: (line: string) => void,
): Promise<Findings> {
  const list = join(directory, 'entries.json');
  writeFileSync(list, JSON.stringify(entries), { mode: 0o644 });
  const child = spawnScript(becoming(STRANGER), STRANGERS, [list]);
  const [said] = await Promise.all([text(child.stdout!), once(child, 'exit')]);
  const { tried, reached } = JSON.parse(said) as { tried: number; reached: Reached[] };
  const inFiles = entries.filter(({ kind }) => kind !== 'process');
  const wrong = inFiles.flatMap((entry) => whatIsWrong(entry, inFiles, owner));
  for (const { path, kind, uid, mode } of entries)
    log(`${kind} ${path}: mode ${mode.toString(8)}, user ${uid}`);
  const name = owner.uid === 0 ? 'root' : 'an ordinary user';
  const kinds = ['socket', 'directory', 'file', 'process'].map(
    (kind) => `${entries.filter((entry) => entry.kind === kind).length} of kind ${kind}`,
  );
  return {
    counts: [
      {
        what: `attempts of a second user to reach what vmlet makes for ${name}`,
        kind: 'attempts of a second user to reach what vmlet makes',
        tried,
        held: tried - reached.length,
        note: kinds.join(', '),
      },
      {
        what: `modes and owners of what vmlet makes for ${name}, whose umask is 0`,
        kind: 'modes and owners of what vmlet makes with the umask 0',
        tried: inFiles.length,
        held: inFiles.length - wrong.length,
      },
    ],
    faults: [...reached.map(({ path, how }) => `another user could ${how} ${path} of ${name}`), ...wrong],
  };
}

/** Each is closed to others, or in a closed directory; a socket is closed in any case. */
function whatIsWrong(entry: Entry, all: readonly Entry[], owner: User): string[] {
  const { path, kind, uid, mode } = entry;
  if (uid !== owner.uid) return [`${path} belongs to user ${uid}`];
  if (kind === 'link') return [];
  const isClosed = (one: Entry): boolean => (one.mode & 0o077) === 0;
  const around = all.filter((one) => one.kind === 'directory' && path.startsWith(`${one.path}/`));
  if (kind === 'socket' && !isClosed(entry)) return [`the socket ${path} has mode ${mode.toString(8)}`];
  return isClosed(entry) || around.some(isClosed) ? [] : [`${path} has mode ${mode.toString(8)}`];
}
