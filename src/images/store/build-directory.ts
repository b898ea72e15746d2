import { mkdtemp, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type ProcessIdentity, identifyProcess, isAlive } from '../../process/procfs/identity.ts';
import type { Scope } from '../../util/scope.ts';
import { entriesOf } from './store.ts';

const NAME = /^\.building-(\d+)-(\d+)-([0-9a-f-]{36})-/;

/**
 * A directory for half-made things, in the file system of the store so that a rename out of it is atomic.
 * It goes with the scope; its name says whose it is, so that the next builder can sweep it after a SIGKILL.
 */
export async function makeBuildDirectory(store: string, scope: Scope): Promise<string> {
  const self = identifyProcess(process.pid);
  if (self === undefined) throw new Error('/proc does not show this process');
  const directory = await mkdtemp(join(store, `.building-${self.pid}-${self.startTime}-${self.bootId}-`));
  scope.defer(async () => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Removes what builders left that are not alive any more. */
export async function sweepBuildDirectories(store: string): Promise<void> {
  for (const entry of await entriesOf(store)) {
    const owner = ownerOfBuild(entry);
    if (!owner || isAlive(owner)) continue;
    // A system that was being installed has files of other users.
    const { removeTree } = await import('../packages/namespace.ts');
    await removeTree(join(store, entry));
  }
}

/** Whose a directory is that `makeBuildDirectory` made; undefined for another. */
export function ownerOfBuild(path: string): ProcessIdentity | undefined {
  const [, pid, startTime, bootId] = NAME.exec(basename(path)) ?? [];
  if (pid === undefined || startTime === undefined || bootId === undefined) return undefined;
  return { pid: Number(pid), startTime: Number(startTime), bootId };
}
