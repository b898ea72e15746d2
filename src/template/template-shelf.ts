import { mkdirSync, readdirSync, readlinkSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import {
  BrokenTemplateError,
  InvalidInputError,
  TemplateNotFoundError,
  VmletError,
  isSystemError,
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
import { hostNameSchema } from '../util/host-name.ts';
import { Template } from './template.ts';
import { templateFiles } from './template-files.ts';
import { readRecord } from './template-record.ts';
import { removeTree } from '../util/files/removal.ts';

/** A directory in which a template is made. */
export interface TemplatePlace {
  readonly directory: string;
  /** Gives it its name; what had the name before is gone then. */
  publish(): void;
}

/** A template as a list shows it. */
export interface ListedTemplate {
  readonly name: string;
  /** Undefined where it is damaged. */
  readonly template: Template | undefined;
  readonly problem: VmletError | undefined;
}

/**
 * The named templates of one user. A name is a link to a directory that is called after its maker: what is linked is
 * whole, and what is not belongs to a maker at work or is left over.
 */
export class TemplateShelf {
  readonly #locations: Locations;
  readonly #directory: string;

  constructor(locations: Locations) {
    this.#locations = locations;
    this.#directory = locations.templates;
  }

  /** Undefined where there is none. @throws BrokenTemplateError, InvalidInputError for what can be no name. */
  find(name: string): Template | undefined {
    requireName(name);
    const directory = this.#linked(name);
    if (directory === undefined) return undefined;
    const record = readRecord(name, templateFiles(directory));
    if (!record) throw new BrokenTemplateError(name, 'its record is gone');
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

  /** A damaged one too. Machines that were forked of it go on. @throws TemplateNotFoundError, InvalidInputError. */
  remove(name: string): void {
    requireName(name);
    // Whoever removed it may have been killed on the way: its memory is as large as that of its guest.
    this.#removeUnfinished();
    const directory = this.#linked(name);
    if (directory === undefined) throw new TemplateNotFoundError(name);
    unlinkSync(join(this.#directory, name));
    syncDirectory(this.#directory);
    removeTree(directory);
  }

  /** Works on a name as the only one who does so just now. A place that is not published goes. */
  async withName<T>(
    name: string,
    signal: AbortSignal | undefined,
    work: (place: TemplatePlace) => Promise<T>,
  ): Promise<T> {
    requireName(name);
    ensurePrivateDirectory(this.#directory);
    await using scope = new Scope();
    await holdLock(join(this.#directory, `.${name}.lock`), scope, { signal });
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
      const superseded = this.#linked(name);
      const link = join(directory, 'name');
      symlinkSync(directory, link);
      renameSync(link, join(this.#directory, name));
      isPublished = true;
      syncDirectory(this.#directory);
      if (superseded !== undefined) removeTree(superseded);
    };
    return await work({ directory, publish });
  }

  /** Where each lies, damaged ones too. */
  directories(): { readonly name: string; readonly directory: string }[] {
    return this.#names().flatMap((name) => {
      const directory = this.#linked(name);
      return directory === undefined ? [] : [{ name, directory }];
    });
  }

  /** What is being made, or was by somebody who was killed. */
  unfinished(): { readonly directory: string; readonly active: boolean }[] {
    const linked = new Set(this.directories().map(({ directory }) => directory));
    return this.#entries().flatMap((entry) => {
      const owner = ownerInName(entry.slice(1));
      const directory = join(this.#directory, entry);
      return !owner || linked.has(directory) ? [] : [{ directory, active: isAlive(owner) }];
    });
  }

  /** Takes away what others left who were killed as they made or removed one. */
  async sweep(): Promise<void> {
    this.#removeUnfinished();
    for (const lock of this.#entries().filter((entry) => /^\..+\.lock$/.test(entry))) {
      await using scope = new Scope();
      // One that nobody has goes with the scope.
      await holdFreeLock(join(this.#directory, lock), scope);
    }
  }

  #removeUnfinished(): void {
    for (const { directory, active } of this.unfinished()) {
      if (!active) removeTree(directory);
    }
  }

  #names(): string[] {
    return this.#entries()
      .filter((entry) => !entry.startsWith('.'))
      .sort();
  }

  #entries(): string[] {
    try {
      return readdirSync(this.#directory);
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return [];
      throw error;
    }
  }

  #linked(name: string): string | undefined {
    try {
      return readlinkSync(join(this.#directory, name));
    } catch (error) {
      if (isSystemError(error, 'ENOENT', 'EINVAL')) return undefined;
      throw error;
    }
  }
}

function requireName(name: string): void {
  const parsed = hostNameSchema.safeParse(name);
  if (parsed.success) return;
  throw new InvalidInputError(
    'template',
    `${JSON.stringify(name)}: ${parsed.error.issues[0]?.message ?? 'is no name'}`,
  );
}
