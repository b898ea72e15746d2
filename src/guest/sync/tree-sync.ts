import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { GuestSetupError, isSystemError } from '../../errors/index.ts';
import { type Changes, type TreeEntry, changesBetween } from './tree-changes.ts';
import { GuestTree, type SyncAgent } from './guest-tree.ts';
import { type HostEntry, HostTree } from './host-tree.ts';
import type { IgnoredPaths } from './ignored-paths.ts';

/** A tree to follow, and its copy. */
export interface SyncPlaces {
  /** A directory of the host. */
  readonly source: string;
  /** Absolute, in the guest; created if it is missing. */
  readonly target: string;
  readonly ignored: IgnoredPaths;
}

/** The result of one pass. */
export interface SyncPass {
  /** Files, directories and links that were copied, or got other permission bits. */
  readonly sent: number;
  readonly removed: number;
  /** Members that cannot be copied: devices, sockets, FIFOs and names that are not UTF-8. */
  readonly omitted: number;
  /** True when files changed while they were copied; another pass is needed. */
  readonly isUnsettled: boolean;
}

/** Directories whose contents may have changed, or the whole tree. */
export type Dirty = 'all' | ReadonlySet<string>;

/** The guest's own programs may remove files while they are listed. */
const MOST_LISTINGS = 3;
/** Times in a list of the guest are whole seconds. */
const PRECISION_MS = 1000;

/** Keeps a directory in a guest like one of the host, pass by pass. Only the host's side is looked at after the first. */
export class TreeSync {
  readonly #places: SyncPlaces;
  readonly #host: HostTree;
  readonly #guest: GuestTree;
  /** Members of the guest's tree; undefined until they were listed. */
  #known: Map<string, TreeEntry> | undefined;
  #unsettled = new Set<string>();
  /** Directories that disappeared or were replaced while they were copied; the guest may or may not have them. */
  #uncertain = new Set<string>();

  /** @param onDirectory called before each directory of the host is read for the first time. */
  constructor(
    agent: SyncAgent,
    places: SyncPlaces,
    onDirectory: (path: string, identity: string) => void = () => undefined,
  ) {
    this.#places = places;
    this.#host = new HostTree(places.source, places.ignored, onDirectory);
    this.#guest = new GuestTree(agent, places.target);
  }

  /** True for a directory that the last scan found at this path, with this identity. */
  hasDirectory(path: string, identity: string): boolean {
    const entry = this.#host.entries.get(path);
    return path === '' || (entry?.kind === 'directory' && entry.identity === identity);
  }

  /**
   * Makes the guest's tree like the host's.
   * @param dirty the parts of the host's tree to look at; the first pass looks at everything.
   * @throws GuestSetupError, GuestFileError, CommandFailedError, InvalidInputError, or the signal's reason.
   */
  async pass(dirty: Dirty, signal: AbortSignal | undefined): Promise<SyncPass> {
    if (this.#known === undefined || dirty === 'all') await this.#host.scan(signal);
    else await this.#host.rescan([...dirty, ...this.#unsettled], signal);
    this.#followRules();
    const isFirst = this.#known === undefined;
    this.#known ??= await this.#listGuest(signal);
    const host = this.#host.entries;
    const changes = changesBetween(host, this.#known, isFirst ? PRECISION_MS : 0);
    const different = await this.#settleTimes(changes.compare, signal);
    const again = [...this.#uncertain].filter((path) => host.get(path)?.kind === 'directory');
    const send = [...changes.send, ...different, ...again].sort();
    const removed = await this.#remove(changes, signal);
    const members = new Map<string, HostEntry>();
    for (const path of send) {
      const entry = host.get(path);
      if (entry) members.set(path, entry);
    }
    if (members.size > 0) await this.#guest.send(this.#places.source, members, signal);
    const setMode = changes.setMode.filter((path) => !members.has(path));
    await this.#setModes(setMode, signal);
    this.#remember(members.keys());
    return {
      sent: members.size + setMode.length,
      removed,
      omitted: this.#host.omitted.size,
      isUnsettled: this.#unsettled.size > 0,
    };
  }

  /** The guest keeps files that are ignored now, and may have some where nothing is ignored any more. */
  #followRules(): void {
    const { changedRules } = this.#host;
    this.#host.changedRules = 'none';
    if (changedRules === 'other') this.#known = undefined;
    if (changedRules !== 'stricter') return;
    for (const [path, { kind }] of this.#known ?? []) {
      if (this.#places.ignored.has(path, kind === 'directory')) this.#known?.delete(path);
    }
  }

  async #listGuest(signal: AbortSignal | undefined): Promise<Map<string, TreeEntry>> {
    const { ignored } = this.#places;
    for (let count = 1; ; count++) {
      try {
        const entries = await this.#guest.list(ignored.names, signal);
        for (const [path, { kind }] of entries) {
          if (ignored.has(path, kind === 'directory')) entries.delete(path);
        }
        return entries;
      } catch (error) {
        if (!(error instanceof GuestSetupError) || count === MOST_LISTINGS) throw error;
      }
    }
  }

  /** Gives equal files the host's times. @returns those that differ. */
  async #settleTimes(paths: readonly string[], signal: AbortSignal | undefined): Promise<readonly string[]> {
    if (paths.length === 0) return [];
    const digests = await this.#guest.digests(paths, signal);
    if (!digests) return paths;
    const times = new Map<string, number>();
    const different: string[] = [];
    for (const [index, path] of paths.entries()) {
      const { mtimeMs } = this.#host.entries.get(path) ?? {};
      if (mtimeMs === undefined || (await this.#digest(path, signal)) !== digests[index])
        different.push(path);
      else times.set(path, mtimeMs);
    }
    await this.#guest.setTimes(times, signal);
    return different;
  }

  async #digest(path: string, signal: AbortSignal | undefined): Promise<string | undefined> {
    const hash = createHash('sha256');
    try {
      await pipeline(createReadStream(join(this.#places.source, path)), hash, { signal });
    } catch (error) {
      signal?.throwIfAborted();
      if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return undefined;
      throw error;
    }
    return hash.digest('hex');
  }

  /** @returns how many members were removed. */
  async #remove(
    { replace, removeFiles, removeDirectories }: Changes,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    await this.#guest.removeWhole(replace, signal);
    await this.#guest.removeFiles(removeFiles, signal);
    const directories = await this.#guest.removeDirectories(removeDirectories, signal);
    return replace.length + removeFiles.length + directories;
  }

  async #setModes(paths: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    const byMode = new Map<number, string[]>();
    for (const path of paths) {
      const mode = this.#host.entries.get(path)?.mode ?? 0;
      byMode.set(mode, [...(byMode.get(mode) ?? []), path]);
    }
    for (const [mode, some] of byMode) await this.#guest.setMode(mode, some, signal);
  }

  /**
   * The guest has the files of the last scan, except those that changed since. It may have these, too, so they
   * stay known: they are removed if the host no longer has them.
   */
  #remember(sent: Iterable<string>): void {
    this.#known = new Map(this.#host.entries);
    this.#unsettled = new Set();
    this.#uncertain = new Set();
    for (const path of sent) {
      if (this.#host.isUnchanged(path)) continue;
      const entry = this.#host.entries.get(path);
      if (entry?.kind === 'directory') this.#uncertain.add(path);
      else if (entry) this.#known.set(path, { kind: entry.kind, mode: entry.mode, size: -1, mtimeMs: -1 });
      this.#unsettled.add(path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '');
    }
  }
}
