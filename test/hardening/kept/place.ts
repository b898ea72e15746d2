import { existsSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type Locations, locate } from '../../../src/machine/paths/locations.ts';
import { ownerInName } from '../../../src/machine/paths/runtime-directory.ts';
import { isAlive } from '../../../src/process/procfs/identity.ts';
import { KeptGuests } from '../../../src/template/kept/kept-guests.ts';
import type { Scope } from '../../../src/util/scope.ts';
import { IN_MEMORY, makeTemporaryDirectory } from '../../directory.ts';
import { type Started, start } from '../../e2e/command.ts';
import { whyNoShares } from '../../e2e/virtiofsd.ts';
import { type Home, type HomeProcess, processesOf } from '../../e2e/named/home.ts';

/** A way to keep a guest. */
export interface Way {
  /** Serves the command of the first run when the guest has been saved. */
  readonly name: string;
  /** Options and image of the first run. */
  readonly first: readonly string[];
  /** Those of a run of micro that starts from the same guest. */
  readonly later: readonly string[];
  /** The parent of $XDG_RUNTIME_DIR; by default in memory. */
  readonly runtimeIn?: string;
}

const MICRO = ['micro'];
/** It is a guest of micro with this memory until it has been saved. */
const HOST: Way = {
  name: "the machine that booted and the host's system",
  first: ['host'],
  later: ['--memory', '1G', ...MICRO],
};

export const WAYS: readonly Way[] = [
  { name: 'the machine that booted', first: MICRO, later: MICRO },
  {
    // The guest's memory is in /dev/shm then.
    name: 'the machine that booted (runtime directory on a disk)',
    first: MICRO,
    later: MICRO,
    runtimeIn: tmpdir(),
  },
  // A datagram must not get into the guest that is saved.
  { name: 'a fork', first: ['-p', '80/udp', ...MICRO], later: MICRO },
  ...(whyNoShares === undefined ? [HOST] : []),
];

/** A user's cache of kept guests, and the runs that use it. */
export class Place {
  readonly way: Way;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #locations: Locations;
  readonly #guests: string;
  /** Directories that are empty while no machine runs. */
  readonly #transient: readonly string[];
  readonly #roots: readonly string[];

  constructor(home: Home, way: Way, scope: Scope) {
    this.way = way;
    this.#environment = {
      ...home.environment,
      VMLET_FRESH: '',
      VMLET_KEPT_SIZE: undefined,
      VMLET_KEPT_DAYS: undefined,
    };
    const { path, remove } = makeTemporaryDirectory(way.runtimeIn ?? IN_MEMORY, 'k-');
    scope.defer(remove);
    this.#environment['XDG_RUNTIME_DIR'] = path;
    this.#roots = [home.path, path];
    this.#locations = locate(this.#environment, home.path, process.getuid?.() ?? 0);
    const { cache, runtime, scratch } = this.#locations;
    this.#guests = join(cache, 'guests');
    this.#transient = [runtime, scratch];
  }

  /** Starts `vmlet run` with the debug log. */
  run(...words: string[]): Started {
    return start(['run', '--debug', ...words], { env: this.#environment });
  }

  processes(): HomeProcess[] {
    return this.#roots.flatMap(processesOf);
  }

  /** The directories of the guests that have a name. */
  kept(): string[] {
    return pathsIn(this.#guests)
      .filter(isName)
      .map((path) => readlinkSync(path));
  }

  /** All files except the names of kept guests and the files that an undisturbed run keeps. */
  remains(files: readonly string[]): string[] {
    const kept = this.kept();
    const inGuests = pathsIn(this.#guests).filter((path) => !isName(path) && !kept.includes(path));
    const inKept = kept.flatMap(pathsIn).filter((path) => !files.some((name) => path.endsWith(`/${name}`)));
    // Other vmlets of the user have their guests' memory there.
    const inShared = pathsIn(this.#locations.sharedMemory).filter((path) => !isOfLiving(path));
    return [...inGuests, ...inKept, ...inShared, ...this.#transient.flatMap(pathsIn)];
  }

  /** As the next kept guest does, or the first run of a day. */
  async prune(): Promise<void> {
    await new KeptGuests(this.#locations).prune({ bytes: undefined, days: undefined });
  }

  /** For the next first run. */
  removeKept(): void {
    rmSync(this.#guests, { recursive: true, force: true });
  }
}

/** Directories of guests, and locks, begin with a dot. */
function isName(path: string): boolean {
  return !basename(path).startsWith('.');
}

function isOfLiving(path: string): boolean {
  const owner = ownerInName(basename(path));
  return owner !== undefined && isAlive(owner);
}

function pathsIn(directory: string): string[] {
  return entriesOf(directory).map((name) => join(directory, name));
}

function entriesOf(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}
