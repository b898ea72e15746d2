import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { locate } from '../../src/machine/paths/locations.ts';
import { ownerInName } from '../../src/machine/paths/runtime-directory.ts';
import { isAlive } from '../../src/process/procfs/identity.ts';
import { IN_MEMORY, makeTemporaryDirectory } from '../directory.ts';

/** Temporary files of the programs that the tests use. */
const OF_THE_RUNNER = /^(tsx-\d+|node-compile-cache|vitest-.*|v8-compile-cache-.*)$/;

/** Files of vmlet's data directory that stay: they are empty, or the next command removes them. */
const OF_THE_STORE = /^\.(lock|staging)$/;

export interface Places {
  /** Directories of this run alone. */
  readonly directories: readonly string[];
  /** The memory of this user's guests, also of other runs. */
  readonly sharedMemory: string;
  /** Returns the files left in directories that a run must leave empty. */
  readonly remains: () => string[];
  readonly remove: () => void;
}

/**
 * Gives this process and its children their own home, cache, runtime and temporary directories, so that files
 * left there belong to this run. The built images and the probed features are the user’s: both take long.
 */
export function openPlaces(): Places {
  const { env } = process;
  const users = locate(env, homedir(), process.getuid?.() ?? 0);
  // Sockets lie below it, and their paths must be short.
  const { path: root, remove } = makeTemporaryDirectory(undefined, 'vt-');
  const place = (name: string, mode: number): string => {
    const path = join(root, name);
    mkdirSync(path);
    chmodSync(path, mode);
    return path;
  };
  // Runtime directories of tests; containers can be without it.
  const memory = existsSync(IN_MEMORY) ? makeTemporaryDirectory(IN_MEMORY, 'vt-') : undefined;
  // Some tests become another user.
  chmodSync(root, 0o711);
  const temporary = place('t', 0o1777);
  const runtime = place('run', 0o700);
  const home = place('home', 0o700);
  // Guests that take minutes to create.
  env['VMLET_TEST_CACHE'] ??= join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'vmlet-test');
  Object.assign(env, { TMPDIR: temporary, XDG_RUNTIME_DIR: runtime, HOME: home });
  if (memory !== undefined) env['VMLET_TEST_SHM'] = memory.path;
  for (const name of ['XDG_CACHE_HOME', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'XDG_STATE_HOME']) {
    Reflect.deleteProperty(env, name);
  }
  const own = locate(env, home, process.getuid?.() ?? 0);
  for (const directory of [users.images, join(own.images, '..'), own.cache]) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }
  symlinkSync(users.images, own.images);
  const survey = join(users.cache, 'host.json');
  if (existsSync(survey)) cpSync(survey, join(own.cache, 'host.json'));
  // Not the templates, which the fixtures of tests keep for later runs.
  const { machines, disks, networks, volumes } = own;
  const emptied = [temporary, own.runtime, own.scratch, machines, disks, networks, volumes, own.logs];
  const inMemory = memory ? [memory.path] : [];
  return {
    directories: [root, ...inMemory],
    sharedMemory: own.sharedMemory,
    remains: () =>
      [...[...emptied, ...inMemory].flatMap(entries), ...abandonedIn(own.sharedMemory)].map(
        (path) => `directory ${path}`,
      ),
    remove: () => {
      memory?.remove();
      remove();
    },
  };
}

/** Returns the directories of guests whose owners have ended. Other runs of this user have guests there too. */
export function abandonedIn(sharedMemory: string): string[] {
  return entries(sharedMemory).filter((path) => {
    const owner = ownerInName(basename(path));
    return owner === undefined || !isAlive(owner);
  });
}

function entries(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => !OF_THE_RUNNER.test(name) && !OF_THE_STORE.test(name))
    .map((name) => join(directory, name));
}
