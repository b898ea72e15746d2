import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isSystemError } from '../../errors/index.ts';
import { deferred } from '../../util/time/deferred.ts';
import { onAbort } from '../../util/time/on-abort.ts';
import { LogGenerations, type LogPosition } from './log-generations.ts';
import type { TimeSpan } from './log-times.ts';

/** Not every file system reports changes, and a folder can be watched only once it exists. */
const POLL_MS = 1_000;

export interface ReadLogOptions {
  /** Starts at an earlier end of the log, as returned by `endOfLog`. */
  readonly from?: LogPosition | undefined;
  /** Starts with the last N lines; with everything by default. An incomplete line counts. */
  readonly tailLines?: number | undefined;
  /** Leaves out lines of other times; only for a log with an index of times beside it. */
  readonly span?: TimeSpan | undefined;
}

export interface FollowLogOptions extends ReadLogOptions {
  /** Aborting rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** When this settles, the lines received so far are returned and the log ends. */
  readonly until?: Promise<unknown> | undefined;
  /** Called when the log was rotated more often than it was checked, so that bytes may be missing. */
  readonly onPossibleGap?: (() => void) | undefined;
}

/**
 * Yields the contents of a log, FILE.1 before FILE, in pieces of at most 64 KiB; nothing if there is no such
 * file.
 */
export function* readLog(path: string, options: ReadLogOptions = {}): Generator<Buffer, void, undefined> {
  using log = new LogGenerations(path);
  log.look();
  if (options.from) log.seekTo(options.from);
  if (options.tailLines !== undefined) log.seekToLastLines(options.tailLines);
  if (options.span) log.limitTo(options.span);
  yield* log.rest();
}

/**
 * Yields the contents of a log and then follows it like `tail -F`: each byte once, across renames of FILE to
 * FILE.1, and from the first byte of a FILE that does not exist yet. A truncated log is read again from its
 * start; the truncation goes unnoticed if the file has already grown beyond its old length.
 *
 * @throws the signal's reason.
 */
export async function* followLog(
  path: string,
  options: FollowLogOptions = {},
): AsyncGenerator<Buffer, void, undefined> {
  const { signal, tailLines, from } = options;
  using log = new LogGenerations(path);
  using changes = new LogWatch(path, () => log.look());
  const ended = { yes: false };
  const end = (): void => {
    ended.yes = true;
    changes.notify();
  };
  options.until?.then(end, end);
  const ignoreAbort = signal && onAbort(signal, () => changes.notify());
  try {
    log.look();
    if (from) log.seekTo(from);
    if (tailLines !== undefined) log.seekToLastLines(tailLines);
    if (options.span) log.limitTo(options.span);
    for (let knownGaps = 0; ;) {
      signal?.throwIfAborted();
      const isLast = ended.yes;
      log.look();
      if (log.possibleGaps > knownGaps) options.onPossibleGap?.();
      knownGaps = log.possibleGaps;
      for (let bytes = log.read(); bytes; bytes = log.read()) {
        yield bytes;
        signal?.throwIfAborted();
      }
      if (isLast) return;
      await changes.next();
    }
  } finally {
    ignoreAbort?.();
  }
}

/** Reports when FILE or FILE.1 has changed, or may have. */
class LogWatch implements Disposable {
  readonly #path: string;
  readonly #onRename: () => void;
  readonly #poll = setInterval(() => this.#check(), POLL_MS);
  #watcher: FSWatcher | undefined;
  #changed = deferred<undefined>();
  #failure: { readonly error: unknown } | undefined;

  /** @param onRename called at once, even while nobody waits; its exceptions are thrown by `next`. */
  constructor(path: string, onRename: () => void) {
    this.#path = path;
    this.#onRename = onRename;
    this.#watch();
  }

  /** Settles at the first change since the last call. */
  async next(): Promise<void> {
    await this.#changed.promise;
    this.#changed = deferred();
    if (this.#failure) throw this.#failure.error;
  }

  notify(): void {
    this.#changed.resolve(undefined);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#poll);
    this.#watcher?.close();
  }

  #check(): void {
    if (!this.#watcher) this.#watch();
    this.#lookForRenames();
    this.notify();
  }

  #watch(): void {
    const names = [basename(this.#path), `${basename(this.#path)}.1`];
    try {
      this.#watcher = watch(dirname(this.#path), (kind, name) => {
        if (name !== null && !names.includes(name)) return;
        if (kind === 'rename') this.#lookForRenames();
        this.notify();
      });
    } catch (error) {
      // The folder does not exist yet, or the user's watches are used up (fs.inotify.max_user_watches):
      // polling is enough.
      if (!isSystemError(error)) throw error;
      return;
    }
    this.#watcher.on('error', () => {
      this.#watcher?.close();
      this.#watcher = undefined;
    });
  }

  #lookForRenames(): void {
    try {
      this.#onRename();
    } catch (error) {
      this.#failure ??= { error };
    }
  }
}
