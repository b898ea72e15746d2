import { accessSync, constants, existsSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { VmletError, isSystemError } from '../../errors/index.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import {
  ensurePrivateDirectory,
  nameOfOwned,
  ownIdentity,
  ownerInName,
} from '../../machine/paths/runtime-directory.ts';
import { type KeptLimits, keptAgeMs, keptBytes, whyNoneKept } from '../../machine/settings/kept-limits.ts';
import { isAlive } from '../../process/procfs/identity.ts';
import { FileMeter, type FileUsage, entriesOf } from '../../util/files/file-usage.ts';
import { RESERVE_BYTES, type FileSystem, fileSystemOf } from '../../util/files/file-system.ts';
import { removeFile } from '../../util/files/removal.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import { Scope } from '../../util/scope.ts';
import { overBudget } from './over-budget.ts';
import type { Template } from '../template.ts';
import { type TemplatePlace, TemplateShelf } from '../template-shelf.ts';

/** A kept guest as a list shows it. */
export interface KeptGuest extends FileUsage {
  readonly key: string;
  readonly directory: string;
  /** Undefined for one that is damaged, or that another release has described in its own way. */
  readonly template: Template | undefined;
  /** Whether a machine that was forked from it runs. */
  readonly isUsed: boolean;
  readonly usedAtMs: number;
}

/** Prefix of the file with which a process says that its machine needs the files of a kept guest. */
const USE = 'use-';

/**
 * A guest that another release of vmlet or another QEMU has saved is kept while it is used this often: it may belong to
 * another installation.
 */
const DAY_MS = 24 * 3600 * 1000;

/**
 * The kept guests of one user, in the cache directory. They are templates, named by the digest of what they depend on.
 * A file `use-OWNER` in a guest's directory keeps the directory in place while the owner's machine runs.
 */
export class KeptGuests {
  readonly directory: string;
  /** Modified by each prune. Beside the directory, whose own time changes with each lock. */
  readonly #stamp: string;
  readonly #shelf: TemplateShelf;
  readonly #fileSystemOf: (path: string) => FileSystem;

  /** @param look examines the file system that holds a path. */
  constructor(locations: Locations, look = fileSystemOf) {
    this.#fileSystemOf = look;
    this.directory = join(locations.cache, 'guests');
    this.#stamp = join(locations.cache, 'guests-pruned');
    this.#shelf = new TemplateShelf(locations, { directory: this.directory, isUsed });
  }

  /** Other users could plant a guest, or a link to files that a prune would remove. @throws PermissionError. */
  requirePrivate(): void {
    if (existsSync(this.directory)) ensurePrivateDirectory(this.directory);
  }

  /** Returns a guest that is complete and not too old, where the limits allow any. */
  find(key: string, limits: KeptLimits): Template | undefined {
    if (this.#whyNone(limits) !== undefined) return undefined;
    const template = this.#open(key);
    return template && isFresh(template, limits) ? template : undefined;
  }

  /**
   * Keeps the files of a guest in place.
   * @returns a scope that releases them; undefined when the guest has just been removed.
   */
  hold(key: string, { directory }: Template): Scope | undefined {
    const path = join(directory, `${USE}${nameOfOwned(ownIdentity())}`);
    const isWritten = unlessMissing(() => {
      writeFileSync(path, '', { mode: 0o600, flag: 'wx' });
      return true;
    });
    if (isWritten !== true) return undefined;
    // A removal unlinks the name first and looks for uses second.
    if (this.#shelf.directoryOf(key) !== directory) {
      removeFile(path);
      return undefined;
    }
    forgetKilledUsers(directory);
    const scope = new Scope();
    scope.defer(() => removeFile(path));
    return scope;
  }

  /** Whether a guest with this much memory may be kept here; otherwise why not. */
  obstacle(memoryBytes: number, limits: KeptLimits): string | undefined {
    if (!isWritable(this.directory)) return `${this.directory} cannot be written`;
    const reason = this.#whyNone(limits);
    if (reason !== undefined) return reason;
    const { freeBytes, isOnNetwork } = this.#fileSystemOf(this.directory);
    if (isOnNetwork) return 'the cache directory is on a network file system';
    return memoryBytes + RESERVE_BYTES > freeBytes ? 'there is not enough disk space' : undefined;
  }

  /** Creates a guest in `work`. @returns undefined when another process is creating the same one. */
  async create<Result>(
    key: string,
    work: (place: TemplatePlace) => Promise<Result>,
  ): Promise<Result | undefined> {
    return this.#shelf.withFreeName(key, work);
  }

  list(): KeptGuest[] {
    const meter = new FileMeter();
    return this.#shelf.directories().map(({ name, directory }) => ({
      key: name,
      directory,
      template: this.#open(name),
      isUsed: isUsed(directory),
      usedAtMs: statSync(directory, { throwIfNoEntry: false })?.mtimeMs ?? 0,
      ...meter.measure(directory),
    }));
  }

  /** Directories that are being created, or left over. */
  unfinished(): { readonly directory: string; readonly active: boolean }[] {
    return this.#shelf
      .unfinished()
      .map(({ directory, active }) => ({ directory, active: active || isUsed(directory) }));
  }

  /** Removes a guest, if it is there. Files that a running machine needs stay until it has ended. */
  remove(key: string): void {
    if (this.#shelf.directoryOf(key) !== undefined) this.#shelf.remove(key);
  }

  /**
   * Removes old guests, those whose image is gone, those that are damaged or that other programs saved and no run has
   * used for a day, and the least recently used beyond the size limit.
   */
  async prune(limits: KeptLimits): Promise<void> {
    const guests = this.list();
    const wanted = guests.filter((guest) => isWanted(guest, limits));
    const kept = new Set(wanted.map(({ key }) => key));
    const bytes = keptBytes(limits, this.#fileSystemOf(this.directory).bytes);
    for (const { key } of overBudget(wanted, bytes)) kept.delete(key);
    await this.#removeAll(guests.filter(({ key }) => !kept.has(key)));
    writeFileSync(this.#stamp, '', { mode: 0o600 });
  }

  /** Prunes, unless that was done within a day: runs that only fork never prune otherwise. */
  async pruneDaily(limits: KeptLimits): Promise<void> {
    const prunedAtMs = statSync(this.#stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (Date.now() - prunedAtMs > DAY_MS) await this.prune(limits);
  }

  /** Removes some guests. */
  async removeWhere(isGoing: (guest: KeptGuest) => boolean): Promise<void> {
    await this.#removeAll(this.list().filter(isGoing));
  }

  async #removeAll(guests: readonly KeptGuest[]): Promise<void> {
    for (const { key } of guests) this.remove(key);
    await this.#shelf.sweep();
  }

  #whyNone(limits: KeptLimits): string | undefined {
    return whyNoneKept(limits, this.#fileSystemOf(this.directory).bytes);
  }

  #open(key: string): Template | undefined {
    try {
      return this.#shelf.find(key);
    } catch (error) {
      if (error instanceof VmletError) return undefined;
      throw error;
    }
  }
}

/** Whether this user can create files in a directory, or the directory itself if it is missing. */
function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return true;
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return isWritable(dirname(directory));
    if (isSystemError(error, 'EACCES', 'EROFS', 'ENOTDIR')) return false;
    throw error;
  }
}

function isFresh(template: Template, limits: KeptLimits): boolean {
  return template.isComplete && Date.now() - template.createdAt.getTime() < keptAgeMs(limits);
}

/** Only the release that wrote a record can tell whether it is damaged. Its own runs replace a damaged guest. */
function isWanted({ template, isUsed, usedAtMs }: KeptGuest, limits: KeptLimits): boolean {
  if (template && !isFresh(template, limits)) return false;
  if (template?.hasPrograms()) return template.hasSources();
  // The time is that of the last beginning or end of a use.
  return isUsed || Date.now() - usedAtMs < DAY_MS;
}

function isUsed(directory: string): boolean {
  return usesOf(directory).some(({ isLive }) => isLive);
}

/** A killed run leaves its file, in a guest that may be kept for long. */
function forgetKilledUsers(directory: string): void {
  for (const { path, isLive } of usesOf(directory)) if (!isLive) removeFile(path);
}

function usesOf(directory: string): { readonly path: string; readonly isLive: boolean }[] {
  return entriesOf(directory)
    .filter((name) => name.startsWith(USE))
    .map((name) => {
      const owner = ownerInName(name.slice(USE.length));
      return { path: join(directory, name), isLive: owner !== undefined && isAlive(owner) };
    });
}
