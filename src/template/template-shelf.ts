import { mkdirSync, readdirSync, readlinkSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  BrokenTemplateError,
  InvalidInputError,
  TemplateNotFoundError,
  VmletError,
} from '../errors/index.ts';
import { isAlive } from '../process/procfs/identity.ts';
import { holdFreeLock, holdLock } from '../process/lock/transient-lock.ts';
import { syncDirectory } from '../util/files/atomic-file.ts';
import { Scope } from '../util/scope.ts';
import type { Locations } from '../machine/paths/locations.ts';
import {
  ensurePrivateDirectory,
  nameOfOwned,
  ownIdentity,
  ownerInName,
} from '../machine/paths/runtime-directory.ts';
import { hostNameSchema } from '../util/options/host-name.ts';
import { Template } from './template.ts';
import { templateFiles } from './template-files.ts';
import { readRecord } from './template-record.ts';
import { removeTree } from '../util/files/removal.ts';
import { unlessMissing } from '../util/files/unless-missing.ts';

/** A directory in which a template is created. */
export interface TemplatePlace {
  readonly directory: string;
  /** Publishes it under its name; replaces a template that had the name. */
  publish(): void;
}

/** A template as a list shows it. */
export interface ListedTemplate {
  readonly name: string;
  /** Undefined for a damaged template. */
  readonly template: Template | undefined;
  readonly problem: VmletError | undefined;
}

/** Where a shelf is, and when a directory on it must stay. */
export interface ShelfOptions {
  /** By default that of named templates. */
  readonly directory?: string;
  /** Whether a process still needs the files of this directory. By default never: QEMU has them open. */
  readonly isUsed?: (directory: string) => boolean;
}

/**
 * The named templates of one user. A name is a symbolic link to a directory named after the process that created it: a
 * linked directory is complete; any other is in progress or left over.
 */
export class TemplateShelf {
  readonly #locations: Locations;
  readonly #directory: string;
  readonly #isUsed: (directory: string) => boolean;

  constructor(
    locations: Locations,
    { directory = locations.templates, isUsed = () => false }: ShelfOptions = {},
  ) {
    this.#locations = locations;
    this.#directory = directory;
    this.#isUsed = isUsed;
  }

  /** Undefined for an unknown name. @throws BrokenTemplateError, InvalidInputError for an invalid name. */
  find(name: string): Template | undefined {
    requireName(name);
    const directory = this.directoryOf(name);
    if (directory === undefined) return undefined;
    const record = readRecord(name, templateFiles(directory));
    if (!record) throw new BrokenTemplateError(name, 'template.json is missing');
    return new Template(record, directory, this.#locations);
  }

  /** @throws TemplateNotFoundError, BrokenTemplateError, InvalidInputError. */
  require(name: string): Template {
    const template = this.find(name);
    if (!template) throw new TemplateNotFoundError(name);
    return template;
  }

  /** Sorted by name. */
  list(): ListedTemplate[] {
    return this.#names().map((name) => {
      try {
        return { name, template: this.find(name), problem: undefined };
      } catch (problem) {
        if (!(problem instanceof VmletError)) throw problem;
        return { name, template: undefined, problem };
      }
    });
  }

  /**
   * Removes a template, even a damaged one. Its forks keep running. @throws TemplateNotFoundError, InvalidInputError.
   */
  remove(name: string): void {
    requireName(name);
    // An earlier removal may have been killed halfway and left a file as large as the guest's memory.
    this.#removeUnfinished();
    const directory = this.directoryOf(name);
    if (directory === undefined) throw new TemplateNotFoundError(name);
    unlinkSync(join(this.#directory, name));
    syncDirectory(this.#directory);
    this.#discard(directory);
  }

  /** Holds the lock of a name while `work` runs. A place that was not published is removed. */
  async withName<T>(
    name: string,
    signal: AbortSignal | undefined,
    work: (place: TemplatePlace) => Promise<T>,
  ): Promise<T> {
    await using scope = new Scope();
    await holdLock(this.#lockOf(name), scope, { signal });
    return await work(await this.#claimPlace(name, scope));
  }

  /** Like `withName`, without waiting. @returns undefined when another process holds the lock. */
  async withFreeName<T>(name: string, work: (place: TemplatePlace) => Promise<T>): Promise<T | undefined> {
    await using scope = new Scope();
    if (!(await holdFreeLock(this.#lockOf(name), scope))) return undefined;
    return await work(await this.#claimPlace(name, scope));
  }

  #lockOf(name: string): string {
    requireName(name);
    ensurePrivateDirectory(this.#directory);
    return join(this.#directory, `.${name}.lock`);
  }

  async #claimPlace(name: string, scope: Scope): Promise<TemplatePlace> {
    await this.sweep();
    const directory = join(this.#directory, `.${nameOfOwned(ownIdentity())}`);
    mkdirSync(directory, { mode: 0o700 });
    let isPublished = false;
    const onExit = (): void => {
      if (!isPublished) removeTree(directory);
    };
    process.on('exit', onExit);
    scope.defer(() => {
      process.off('exit', onExit);
      onExit();
    });
    const publish = (): void => {
      const superseded = this.directoryOf(name);
      const link = join(directory, 'name');
      symlinkSync(directory, link);
      renameSync(link, join(this.#directory, name));
      isPublished = true;
      syncDirectory(this.#directory);
      if (superseded !== undefined) this.#discard(superseded);
    };
    return { directory, publish };
  }

  /** Files that are still used stay until the next sweep. */
  #discard(directory: string): void {
    // A link of the user's leads elsewhere, or to a directory that no template was created in.
    const isCreated = ownerInName(basename(directory).slice(1)) !== undefined;
    if (dirname(directory) !== this.#directory || !isCreated || this.#isUsed(directory)) return;
    // A process that begins to use it at this moment finds that its name is gone.
    unlessMissing(() => removeTree(directory), ['ENOTEMPTY']);
  }

  /** The directory of each template, damaged ones included. */
  directories(): { readonly name: string; readonly directory: string }[] {
    return this.#names().flatMap((name) => {
      const directory = this.directoryOf(name);
      return directory === undefined ? [] : [{ name, directory }];
    });
  }

  /** Templates that are being created, or whose creator was killed. */
  unfinished(): { readonly directory: string; readonly active: boolean }[] {
    // A link has the path by which its creator reached the shelf; another may lead here, through a symbolic link.
    const linked = new Set(this.directories().map(({ directory }) => basename(directory)));
    return this.#entries().flatMap((entry) => {
      const owner = ownerInName(entry.slice(1));
      const directory = join(this.#directory, entry);
      return !owner || linked.has(entry) ? [] : [{ directory, active: isAlive(owner) }];
    });
  }

  /** Removes what killed processes left behind when they created or removed a template. */
  async sweep(): Promise<void> {
    this.#removeUnfinished();
    for (const lock of this.#entries().filter((entry) => /^\..+\.lock$/.test(entry))) {
      await using scope = new Scope();
      // A lock that no process holds is removed with the scope.
      await holdFreeLock(join(this.#directory, lock), scope);
    }
  }

  #removeUnfinished(): void {
    for (const { directory, active } of this.unfinished()) {
      if (!active) this.#discard(directory);
    }
  }

  #names(): string[] {
    return this.#entries()
      .filter((entry) => !entry.startsWith('.'))
      .sort();
  }

  #entries(): string[] {
    return unlessMissing(() => readdirSync(this.#directory), ['ENOENT']) ?? [];
  }

  /** Returns the directory to which a name leads; undefined for an unknown name. */
  directoryOf(name: string): string | undefined {
    const target = unlessMissing(() => readlinkSync(join(this.#directory, name)), ['ENOENT', 'EINVAL']);
    const entry = basename(target ?? '');
    // In a copy of the shelf, the link has the path of the original.
    return ownerInName(entry.slice(1)) ? join(this.#directory, entry) : target;
  }
}

function requireName(name: string): void {
  const parsed = hostNameSchema.safeParse(name);
  if (parsed.success) return;
  throw new InvalidInputError(
    'template',
    `invalid value ${JSON.stringify(name)}: ${parsed.error.issues[0]?.message ?? 'invalid name'}`,
  );
}
