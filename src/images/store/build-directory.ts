import { mkdtemp, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type ProcessIdentity, identifyProcess, isAlive } from '../../process/procfs/identity.ts';
import type { Scope } from '../../util/scope.ts';
import { entriesOf } from './store.ts';

const NAME = /^\.building-(\d+)-(\d+)-([0-9a-f-]{36})-/;

/**
 * Creates a directory for unfinished work, in the file system of the store, so that files can be renamed into place.
 * It is removed with the scope; its name identifies its owner, so that the next builder can remove it after a SIGKILL.
 */
export async function makeBuildDirectory(store: string, scope: Scope): Promise<string> {
  const self = identifyProcess(process.pid);
  if (self === undefined) throw new Error('/proc does not show this process');
  const directory = await mkdtemp(join(store, `.building-${self.pid}-${self.startTime}-${self.bootId}-`));
  scope.defer(async () => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Removes build directories whose owners have ended. */
export async function sweepBuildDirectories(store: string): Promise<void> {
  for (const entry of await entriesOf(store)) {
    const owner = ownerOfBuild(entry);
    if (!owner || isAlive(owner)) continue;
    // An unfinished system has files of other users.
    const { removeTree } = await import('../packages/namespace.ts');
    await removeTree(join(store, entry));
  }
}

/** Returns the owner of a directory that `makeBuildDirectory` created; undefined for other directories. */
export function ownerOfBuild(path: string): ProcessIdentity | undefined {
  const [, pid, startTime, bootId] = NAME.exec(basename(path)) ?? [];
  if (pid === undefined || startTime === undefined || bootId === undefined) return undefined;
  return { pid: Number(pid), startTime: Number(startTime), bootId };
}
