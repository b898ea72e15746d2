import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isSystemError } from '../../errors/index.ts';
import { deferred } from '../../util/time/deferred.ts';
import { onAbort } from '../../util/time/on-abort.ts';
import { LogGenerations, type LogPosition } from './log-generations.ts';

/** Not every file system tells of changes, and a folder can be watched only once it is there. */
const POLL_MS = 1_000;

export interface ReadLogOptions {
  /** Begins where the log ended once, as `endOfLog` said. */
  readonly from?: LogPosition | undefined;
  /** Begins with the last so many lines; with everything by default. An unfinished line counts. */
  readonly tailLines?: number | undefined;
}

export interface FollowLogOptions extends ReadLogOptions {
  /** Aborting rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** When it settles, what has come until then is given, and the log ends. */
  readonly until?: Promise<unknown> | undefined;
  /** Called when the log was renamed more often than it was looked at, so that bytes may be missing from here on. */
  readonly onPossibleGap?: (() => void) | undefined;
}

/** What a log holds, FILE.1 before FILE, in pieces of at most 64 KiB; nothing where there is no such file. */
export function* readLog(path: string, options: ReadLogOptions = {}): Generator<Buffer, void, undefined> {
  using log = new LogGenerations(path);
  log.look();
  if (options.from) log.seekTo(options.from);
  if (options.tailLines !== undefined) log.seekToLastLines(options.tailLines);
  for (let bytes = log.read(); bytes; bytes = log.read()) yield bytes;
}

/**
 * The same, and then what is written to it, as `tail -F` does: each byte once, through renames of FILE to FILE.1, and
 * from its first byte where FILE is not there yet. A log that was emptied begins anew; that it was is not seen where
 * it has grown beyond its old length at once.
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

/** Tells when FILE or FILE.1 has changed, or may have. */
class LogWatch implements Disposable {
  readonly #path: string;
  readonly #onRename: () => void;
  readonly #poll = setInterval(() => this.#check(), POLL_MS);
  #watcher: FSWatcher | undefined;
  #changed = deferred<undefined>();
  #failure: { readonly error: unknown } | undefined;

  /** @param onRename is called at once, even while nobody waits; what it throws is thrown by `next`. */
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
      // The folder is not there yet, or the user has no watch left (fs.inotify.max_user_watches): the poll is enough.
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
