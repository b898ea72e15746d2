import {
  type Dirent,
  type Stats,
  lstatSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { InvalidInputError, isSystemError } from '../../errors/index.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import type { TreeEntry } from './tree-changes.ts';
import type { IgnoredPaths, RulesChange } from './ignored-paths.ts';

/** Each takes about 300 bytes of memory here. */
const MOST_ENTRIES = 1_000_000;
const PATTERNS = '.gitignore';
/** Node's text of bytes that are no UTF-8; the file cannot be found by it. */
const UNREADABLE_NAME = '\ufffd';

/** A member of the host's tree. */
export interface HostEntry extends TreeEntry {
  /** Distinguishes directories that had the same path; empty for other files. */
  readonly identity: string;
}

/** The members of a directory of the host, as of the last look. */
export class HostTree {
  readonly #root: string;
  readonly #ignored: IgnoredPaths;
  readonly #onDirectory: (path: string, identity: string) => void;
  readonly #mostEntries: number;
  readonly entries = new Map<string, HostEntry>();
  /** How .gitignore files have changed what is ignored. Those of a new directory count as stricter: nothing in it was ignored. */
  changedRules: RulesChange = 'none';
  /** Names in each directory. */
  readonly #names = new Map<string, ReadonlySet<string>>();
  /** Directories that were known before the whole tree is looked at. */
  #known: ReadonlySet<string> = new Set();
  /** Members that cannot be copied: devices, sockets, FIFOs, and names that are not UTF-8. */
  readonly omitted = new Set<string>();

  /** @param onDirectory called before the contents of a directory are read, so that no later change is missed. */
  constructor(
    root: string,
    ignored: IgnoredPaths,
    onDirectory: (path: string, identity: string) => void,
    mostEntries = MOST_ENTRIES,
  ) {
    this.#root = root;
    this.#ignored = ignored;
    this.#onDirectory = onDirectory;
    this.#mostEntries = mostEntries;
  }

  /** Looks at the whole tree. */
  async scan(signal: AbortSignal | undefined): Promise<void> {
    this.#known = new Set(this.#names.keys());
    this.entries.clear();
    this.#names.clear();
    this.omitted.clear();
    this.#enterRoot();
    await this.#scanInto([''], signal);
    this.#known = new Set();
  }

  /** Looks at these directories again, and into those that are new in them. */
  async rescan(directories: Iterable<string>, signal: AbortSignal | undefined): Promise<void> {
    const there = [...directories].filter(
      (path) => path === '' || this.entries.get(path)?.kind === 'directory',
    );
    if (there.includes('')) this.#enterRoot();
    await this.#scanInto(there, signal);
  }

  /** Returns true if a member is still as it was at the last look; a directory, whatever is in it now. */
  isUnchanged(path: string): boolean {
    const [before, now] = [this.entries.get(path), this.#look(path)];
    if (before?.kind === 'directory') return before.identity === now?.identity;
    return before?.mtimeMs === now?.mtimeMs && before?.size === now?.size && before?.kind === now?.kind;
  }

  async #scanInto(pending: string[], signal: AbortSignal | undefined): Promise<void> {
    for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
      pending.push(...this.#readDirectory(path));
      if (this.entries.size > this.#mostEntries) {
        throw new InvalidInputError('source', `the directory contains more than ${this.#mostEntries} files`, {
          hint: 'exclude directories that the guest does not need, for example: --ignore node_modules',
        });
      }
      // Signals and the guest's connection need turns.
      if (pending.length % 64 === 0) await nextTurn();
      signal?.throwIfAborted();
    }
  }

  /** @returns the directories in it that were not known. */
  #readDirectory(path: string): string[] {
    const found = new Set<string>();
    const entered: string[] = [];
    const members = this.#listing(path);
    if (this.#ignored.readsFiles) this.#enter(path, this.#patternsIn(path, members));
    for (const member of members) {
      const { name } = member;
      const inner = inside(path, name);
      if (this.#ignored.has(inner, member.isDirectory())) continue;
      const entry = name.includes(UNREADABLE_NAME) ? undefined : this.#look(inner);
      if (entry === undefined) {
        if (name.includes(UNREADABLE_NAME)) this.omitted.add(inner);
        continue;
      }
      found.add(name);
      const known = this.entries.get(inner);
      if (entry.kind === 'directory' && known?.identity !== entry.identity) {
        this.#forget(inner);
        this.#onDirectory(inner, entry.identity);
        entered.push(inner);
      }
      this.entries.set(inner, entry);
    }
    for (const name of this.#names.get(path) ?? []) if (!found.has(name)) this.#forget(inside(path, name));
    this.#names.set(path, found);
    return entered;
  }

  #enter(path: string, patterns: string | undefined): void {
    const change = this.#ignored.enter(path, patterns);
    if (change === 'none') return;
    const isKnown = this.#names.has(path) || this.#known.has(path);
    if (change === 'other' || (change === 'first' && isKnown)) this.changedRules = 'other';
    else if (this.changedRules === 'none') this.changedRules = 'stricter';
    // All that is in the directory is looked at again.
    for (const name of this.#names.get(path) ?? []) this.#forget(inside(path, name));
  }

  /** A symbolic link counts as no file, as in git. */
  #patternsIn(path: string, members: readonly Dirent[]): string | undefined {
    if (!members.some((member) => member.name === PATTERNS && member.isFile())) return undefined;
    return unlessMissing(() => readFileSync(join(this.#root, path, PATTERNS), 'utf8'));
  }

  #listing(path: string): Dirent[] {
    try {
      return readdirSync(join(this.#root, path), { withFileTypes: true });
    } catch (error) {
      // It has disappeared, which its parent will show.
      if (!isSystemError(error, 'ENOENT', 'ENOTDIR')) throw error;
      if (path === '') throw this.#missingRoot();
      return [];
    }
  }

  #look(path: string): HostEntry | undefined {
    const stats = statsAt(join(this.#root, path));
    if (!stats) return undefined;
    const kind = stats.isFile()
      ? 'file'
      : stats.isDirectory()
        ? 'directory'
        : stats.isSymbolicLink()
          ? 'symlink'
          : undefined;
    if (kind === undefined) {
      this.omitted.add(path);
      return undefined;
    }
    const size = kind === 'directory' ? 0 : stats.size;
    const entry: HostEntry = {
      kind,
      mode: stats.mode & 0o7777,
      size,
      mtimeMs: stats.mtimeMs,
      identity: kind === 'directory' ? identityOf(stats) : '',
    };
    return kind === 'symlink' ? { ...entry, target: this.#targetOf(path) } : entry;
  }

  /** The root may be another directory than before. */
  #enterRoot(): void {
    const stats = statSync(this.#root, { throwIfNoEntry: false });
    if (!stats?.isDirectory()) throw this.#missingRoot();
    this.#onDirectory('', identityOf(stats));
  }

  #missingRoot(): InvalidInputError {
    return new InvalidInputError('source', `the directory was removed: ${this.#root}`, {
      hint: 'create the directory again, then run the command again',
    });
  }

  #targetOf(path: string): string {
    // It may have been replaced meanwhile, which its directory shows.
    return unlessMissing(() => readlinkSync(join(this.#root, path)), ['ENOENT', 'EINVAL']) ?? '';
  }

  #forget(path: string): void {
    for (const name of this.#names.get(path) ?? []) this.#forget(inside(path, name));
    this.#names.delete(path);
    this.entries.delete(path);
  }
}

function statsAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    // A file has replaced the directory that it was in.
    if (isSystemError(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}

/** File systems give the number of a removed directory to a new one. */
function identityOf({ ino, birthtimeMs }: Stats): string {
  return `${ino} ${birthtimeMs}`;
}

function inside(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}
