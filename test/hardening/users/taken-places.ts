import {
  chmodSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Scope } from '../../../src/util/scope.ts';
import type { Findings, HardeningOptions } from '../section.ts';
import { STRANGER, VICTIM, giveTo, runAs } from '../user.ts';
import { TRAPS, type Trap } from './trap.ts';

const VMLET = join(import.meta.dirname, '../../../dist/bin/vmlet.js');
/** A hang is a fault, too. */
const PATIENCE_SECONDS = '60';

/** Files that vmlet creates in a directory that others may write to. */
interface Place {
  readonly what: string;
  readonly variable: 'XDG_RUNTIME_DIR' | 'XDG_CACHE_HOME';
  readonly command: 'run' | 'start';
}

const PLACES: readonly Place[] = [
  { what: 'for sockets', variable: 'XDG_RUNTIME_DIR', command: 'run' },
  { what: "for a named machine's sockets", variable: 'XDG_RUNTIME_DIR', command: 'start' },
  { what: 'for disks', variable: 'XDG_CACHE_HOME', command: 'run' },
];

/**
 * Sets each trap in each place, and checks that vmlet rejects it with a sentence, and changes nothing in it or through it.
 * @param canBeOthers whether this process may act for two unused users; otherwise, the traps belong to the user itself.
 */
export async function takenPlaces(
  directory: string,
  canBeOthers: boolean,
  options: Pick<HardeningOptions, 'scale' | 'log'>,
): Promise<Findings> {
  const places = options.scale < 1 ? PLACES.slice(0, 1) : PLACES;
  const traps = TRAPS.filter(({ by }) => canBeOthers || by === 'the user');
  const faults: string[] = [];
  // Probing the host, which takes the longest.
  const cache = join(directory, 'cache');
  mkdirSync(cache, { mode: 0o700 });
  giveTo(canBeOthers ? VICTIM : undefined, cache);
  const springs = places.flatMap((place) => traps.map((trap) => ({ place, trap })));
  for (const [index, { place, trap }] of springs.entries()) {
    const fault = await spring(join(directory, String(index)), place, trap, canBeOthers, options);
    if (fault !== undefined) faults.push(`in the place ${place.what}, ${trap.name}: ${fault}`);
  }
  return {
    counts: [
      {
        what: 'paths of vmlet that were occupied before it started',
        tried: springs.length,
        held: springs.length - faults.length,
        ...(!canBeOthers && { note: 'without those that only another user can occupy' }),
      },
    ],
    faults,
  };
}

async function spring(
  directory: string,
  { variable, command }: Place,
  trap: Trap,
  canBeOthers: boolean,
  options: Pick<HardeningOptions, 'log'>,
): Promise<string | undefined> {
  await using scope = new Scope();
  const shared = join(directory, 'shared');
  const home = join(directory, 'home');
  const aim = join(home, 'aim');
  mkdirSync(home, { recursive: true, mode: 0o755 });
  // Named like leftovers of a dead launcher, which vmlet removes in its own directory.
  mkdirSync(join(aim, '00000000-1-1-abcdef'), { recursive: true, mode: 0o700 });
  mkdirSync(join(home, 'run'), { mode: 0o700 });
  mkdirSync(shared);
  chmodSync(shared, 0o1777);
  const kernel = join(home, 'kernel');
  writeFileSync(kernel, 'x');
  const victim = canBeOthers ? VICTIM : undefined;
  giveTo(victim, home);
  const environment = {
    HOME: home,
    PATH: process.env['PATH'],
    XDG_RUNTIME_DIR: join(home, 'run'),
    XDG_CACHE_HOME: join(directory, '../cache'),
    [variable]: shared,
  };
  const machine = ['--kernel', kernel, '--initrd', kernel, '--net', 'none'];
  const vmlet = async (words: readonly string[]): Promise<string> =>
    refusalOf(runAs(victim, ['timeout', PATIENCE_SECONDS, process.execPath, VMLET, ...words], environment));
  if (command === 'start') {
    const problem = await vmlet(['create', 'web', ...machine]);
    if (problem !== '') return `the machine was not made: ${problem}`;
  }

  // Entries below the first are created in it, and belong to the user.
  const path = join(
    shared,
    trap.by === 'the user' && variable === 'XDG_CACHE_HOME' ? 'vmlet/scratch' : 'vmlet',
  );
  const parent = dirname(path);
  if (parent !== shared) {
    mkdirSync(parent, { mode: 0o700 });
    giveTo(victim, parent);
  }
  const describeAll = (): string => `${describe(path)} and ${describe(aim)}`;
  await trap.set(path, aim, scope);
  const owner = trap.by === 'another user' ? STRANGER : victim;
  if (owner) lchownSync(path, owner.uid, owner.gid);

  const before = describeAll();
  // A run that keeps its guest would have its disks in another directory.
  const run = ['run', '--fresh', ...machine, '--', 'true'];
  const said = await vmlet(command === 'start' ? ['start', 'web'] : run);
  options.log(`${trap.name}, ${variable}, ${command}: ${said}`);
  const [sentence = '', ...more] = said.split('\n');
  const names = sentence.startsWith('vmlet: ') && sentence.includes(path);
  if (!names || more.length > 1 || /\bE[A-Z]{4,}\b/.test(sentence)) return `vmlet says “${said}”`;
  const after = describeAll();
  return after === before ? undefined : `from ${before} it became ${after}`;
}

/** The output of a failed command; empty if it succeeded. */
async function refusalOf(running: Promise<unknown>): Promise<string> {
  try {
    await running;
    return '';
  } catch (error) {
    const { stderr, code } = error as { stderr: string; code: number };
    return stderr.trim() || `status ${code}`;
  }
}

/** With modes, owners, contents and the targets of links. */
function describe(path: string): string {
  const { mode, uid } = lstatSync(path);
  const inside = (): string => {
    switch (mode & 0o170_000) {
      case 0o040_000:
        return `[${readdirSync(path)
          .map((name) => `${name}: ${describe(join(path, name))}`)
          .join(', ')}]`;
      case 0o120_000:
        return readlinkSync(path);
      case 0o100_000:
        return readFileSync(path, 'utf8').slice(0, 20);
      default:
        return '';
    }
  };
  return `${mode.toString(8)} of ${uid} ${inside()}`;
}
