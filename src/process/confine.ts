import { realpathSync, statSync } from 'node:fs';
import { isSystemError } from '../errors.ts';
import { type LandlockRule, landlockFlags } from './landlock.ts';

/**
 * What one program may reach in the file system; everything else is refused, whoever asks.
 * Each path is a file or the top of a tree. What does not exist is left out.
 */
export interface Confinement {
  /** Programs it is made of: itself, its loader. May be executed and read. */
  readonly execute: readonly string[];
  readonly readOnly: readonly string[];
  /** Files and device nodes that are opened for reading and writing; in a directory, nothing can be made or removed. */
  readonly readWrite: readonly string[];
  /** Directories in which it may make, change and remove what it likes. They exist when it starts. */
  readonly own: readonly string[];
}

/** What the host's setpriv and kernel can do, as the probe found it. */
export interface ConfinementAbilities {
  readonly hasNoNewPrivileges: boolean;
  readonly landlock:
    | { readonly usable: true; readonly accesses: readonly string[] }
    | { readonly usable: false; readonly reason: string };
}

/** A path with symbolic links followed; undefined where there is nothing, or nothing that we may see. */
export type FoundPath = { readonly path: string; readonly kind: 'directory' | 'file' } | undefined;

/** Landlock refuses a rule that gives a file a right that only a directory can have. */
const FILE_RIGHTS = ['execute', 'read-file', 'write-file', 'truncate'];

const READ = ['read-file', 'read-dir'];
const WRITE = [...READ, 'write-file', 'truncate'];
/** No devices: whoever can make one can open any. Not even root's program makes one. */
const OWN = [
  ...WRITE,
  'remove-dir',
  'remove-file',
  'make-dir',
  'make-reg',
  'make-sock',
  'make-fifo',
  'make-sym',
  'refer',
];

/**
 * setpriv flags that confine a program, for `setprivFlags` of `supervise`. As much as the host can do: without
 * Landlock only no-new-privileges, and nothing where setpriv has not even that. `diagnose` tells the user.
 *
 * Landlock does not stop connecting to unix sockets, network traffic, signals, or reading metadata (stat);
 * -sandbox narrows some of these.
 */
export function confine(
  confinement: Confinement,
  abilities: ConfinementAbilities | undefined,
  find: (path: string) => FoundPath = findOnDisk,
): string[] {
  if (!abilities?.hasNoNewPrivileges) return [];
  if (!abilities.landlock.usable) return ['--no-new-privs'];
  // The shell is the tether's: it compares the parent and then becomes the program.
  const execute = ['/bin/sh', ...confinement.execute];
  const rules = [
    ...rulesFor(execute, ['execute', 'read-file'], find),
    ...rulesFor(confinement.readOnly, READ, find),
    ...rulesFor(confinement.readWrite, WRITE, find),
    ...rulesFor(confinement.own, OWN, find),
  ];
  return landlockFlags(rules, abilities.landlock.accesses);
}

function rulesFor(
  paths: readonly string[],
  rights: readonly string[],
  find: (path: string) => FoundPath,
): LandlockRule[] {
  const rules = new Map<string, LandlockRule>();
  for (const found of paths.map(find)) {
    if (!found) continue;
    const possible = rights.filter((right) => found.kind === 'directory' || FILE_RIGHTS.includes(right));
    rules.set(found.path, { path: found.path, rights: possible });
  }
  return [...rules.values()];
}

export function findOnDisk(path: string): FoundPath {
  try {
    const real = realpathSync.native(path);
    return { path: real, kind: statSync(real).isDirectory() ? 'directory' : 'file' };
  } catch (error) {
    // Nothing to allow. The program that wanted it says so better than setpriv, which would not start at all.
    if (isSystemError(error)) return undefined;
    throw error;
  }
}
