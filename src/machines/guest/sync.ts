import { statSync } from 'node:fs';
import { posix } from 'node:path';
import { InvalidInputError } from '../../errors/index.ts';
import type { SyncAgent } from '../../guest/sync/guest-tree.ts';
import { ignoredPaths } from '../../guest/sync/ignored-paths.ts';
import { type Dirty, type SyncPass, TreeSync } from '../../guest/sync/tree-sync.ts';
import { TreeWatch } from '../../guest/sync/tree-watch.ts';

/** Options of synchronising a directory. */
export interface SyncOptions {
  /** Paths that are neither copied nor removed: lines in the grammar of .gitignore. */
  readonly ignore?: readonly string[] | undefined;
  /** Ignore what the `.gitignore` files in the directory and below it say, as git does; false by default. */
  readonly gitignore?: boolean | undefined;
  /** Continue at each change on the host until the signal aborts; false by default. */
  readonly watch?: boolean | undefined;
  /** Called after each pass. */
  readonly onPass?: ((pass: SyncPass) => void) | undefined;
  /** Called when the kernel has no more watches for this user, and the tree is scanned every two seconds instead. */
  readonly onLimit?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Mount points that every guest has. */
const OF_THE_KERNEL = /^\/(proc|sys|dev)(\/|$)/;

/** A file that is written continuously would never be settled. */
const MOST_PASSES = 5;

/**
 * Mirrors a directory of the host into the guest.
 * @param source a directory.
 * @param target absolute; created if it is missing.
 * @returns the sums of all passes; never returns with `watch`.
 */
export async function syncIntoGuest(
  agent: SyncAgent,
  source: string,
  target: string,
  {
    ignore = [],
    gitignore = false,
    watch = false,
    onPass,
    onLimit = () => undefined,
    signal: ownSignal,
  }: SyncOptions,
): Promise<SyncPass> {
  checkPlaces(source, target);
  const signal = ownSignal ?? new AbortController().signal;
  const places = { source, target: posix.resolve(target), ignored: ignoredPaths(ignore, gitignore) };
  using watcher = watch ? new TreeWatch(source, onLimit) : undefined;
  const tree = new TreeSync(agent, places, (path, identity) => watcher?.add(path, identity));
  let sum: SyncPass = { sent: 0, removed: 0, omitted: 0, isUnsettled: false };
  let dirty: Dirty = 'all';
  for (let count = 1; ; count++) {
    const pass = await tree.pass(dirty, signal);
    onPass?.(pass);
    sum = { ...pass, sent: sum.sent + pass.sent, removed: sum.removed + pass.removed };
    if (watcher) {
      watcher.keep((path, identity) => tree.hasDirectory(path, identity));
      dirty = await watcher.next(signal, pass.isUnsettled);
    } else if (!pass.isUnsettled || count === MOST_PASSES) return sum;
    else dirty = new Set();
  }
}

function checkPlaces(source: string, target: string): void {
  const found = statSync(source, { throwIfNoEntry: false });
  if (!found) throw new InvalidInputError('source', `no such directory: ${source}`);
  if (!found.isDirectory()) {
    throw new InvalidInputError('source', `not a directory: ${source}`, {
      hint: 'to copy a file, use: vmlet cp',
    });
  }
  if (!target.startsWith('/')) {
    throw new InvalidInputError(
      'target',
      `invalid path ${JSON.stringify(target)}: expected an absolute path in the guest`,
    );
  }
  const resolved = posix.resolve(target);
  if (resolved === '/') {
    throw new InvalidInputError('target', 'the root directory of a guest cannot be synchronised', {
      hint: 'choose a directory such as /app',
    });
  }
  if (OF_THE_KERNEL.test(resolved)) {
    throw new InvalidInputError(
      'target',
      `${resolved} belongs to the guest's kernel and cannot be synchronised`,
      {
        hint: 'choose a directory such as /app',
      },
    );
  }
}
