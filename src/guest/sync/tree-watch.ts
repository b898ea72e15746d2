import { type FSWatcher, watch } from 'node:fs';
import { join } from 'node:path';
import { isSystemError } from '../../errors/index.ts';
import { withinLimits } from '../../util/time/deadline.ts';
import { deferred } from '../../util/time/deferred.ts';
import { pause } from '../../util/time/pause.ts';
import type { Dirty } from './tree-sync.ts';

/** Changes often come in bursts: an editor writes, renames and sets the mode. */
const QUIET_MS = 30;
/** A program that writes all the time must not hold back the rest. */
const LONGEST_BURST_MS = 500;
/** The kernel drops events from 16384 on (fs.inotify.max_queued_events), and Node does not tell. */
const BURST = 4096;
/** Without watches, the tree is looked at this often. */
const LOOK_EVERY_MS = 2000;

interface Watched {
  readonly identity: string;
  readonly watcher: FSWatcher;
}

/**
 * Watches the directories of a tree, each by itself: Node's recursive watch has a watch for each file, also for those
 * that are ignored.
 */
export class TreeWatch implements Disposable {
  readonly #root: string;
  readonly #watched = new Map<string, Watched>();
  readonly #onLimit: () => void;
  #dirty = new Set<string>();
  #events = 0;
  #news = deferred<undefined>();
  /** The kernel has no more watches for this user. */
  #isExhausted = false;

  /** @param onLimit called once when the tree cannot be watched, and is looked at from time to time instead. */
  constructor(root: string, onLimit: () => void) {
    this.#root = root;
    this.#onLimit = onLimit;
  }

  /** Watches a directory. A directory that replaced another at the same path gets a new watch. */
  add(path: string, identity: string): void {
    const before = this.#watched.get(path);
    if (before?.identity === identity || this.#isExhausted) return;
    before?.watcher.close();
    this.#watched.delete(path);
    try {
      const watcher = watch(join(this.#root, path), () => this.#mark(path));
      // Its directory has disappeared, as its parent shows.
      watcher.on('error', () => this.#mark(path));
      this.#watched.set(path, { identity, watcher });
    } catch (error) {
      if (isSystemError(error, 'ENOSPC', 'EMFILE')) this.#giveUp();
      else if (!isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES')) throw error;
    }
  }

  /** Stops watching directories that are not in the tree any more. */
  keep(isThere: (path: string, identity: string) => boolean): void {
    for (const [path, { identity, watcher }] of this.#watched) {
      if (isThere(path, identity)) continue;
      watcher.close();
      this.#watched.delete(path);
    }
  }

  /**
   * Waits for changes.
   * @param isUnsettled true to return soon without any.
   * @throws the signal's reason.
   */
  async next(signal: AbortSignal, isUnsettled = false): Promise<Dirty> {
    if (this.#isExhausted) {
      await pause(LOOK_EVERY_MS, signal);
      return 'all';
    }
    if (this.#events === 0 && !isUnsettled) {
      await withinLimits('waiting for changes', this.#news.promise, { signal });
    }
    const end = performance.now() + LONGEST_BURST_MS;
    let before: number;
    do {
      before = this.#events;
      await pause(QUIET_MS, signal);
    } while (before !== this.#events && this.#events < BURST && performance.now() < end);
    const dirty = this.#events < BURST ? this.#dirty : 'all';
    this.#dirty = new Set();
    this.#events = 0;
    this.#news = deferred<undefined>();
    return dirty;
  }

  [Symbol.dispose](): void {
    this.keep(() => false);
  }

  #mark(path: string): void {
    this.#dirty.add(path);
    this.#events += 1;
    this.#news.resolve(undefined);
  }

  #giveUp(): void {
    this.#isExhausted = true;
    this[Symbol.dispose]();
    this.#news.resolve(undefined);
    this.#onLimit();
  }
}
