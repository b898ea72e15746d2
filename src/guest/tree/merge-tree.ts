import { lstatSync } from 'node:fs';
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidInputError, PermissionError, isSystemError } from '../../errors/index.ts';
import { writeFailure } from '../../util/files/write-failure.ts';
import type { OpenDirectory } from './open-directory.ts';

/** Moves the contents of a directory into another one: files replace files, and everything else there stays. */
export class TreeMerge {
  readonly #target: string;
  readonly #advice: string;
  /** Names of directories that were there before. */
  readonly existing = new Set<string>();
  /** Whether anything is in its place. */
  hasBegun = false;

  /**
   * @param target the path of the other one, for errors.
   * @param advice for the user who has moved what is in the way.
   */
  constructor(target: string, advice: string) {
    this.#target = target;
    this.#advice = advice;
  }

  /** @throws InvalidInputError before anything is moved; PermissionError, NoSpaceError or the system's error. */
  async run(from: string, to: OpenDirectory): Promise<void> {
    await this.#findConflicts(from, to.path, '');
    await this.#merge(from, to, '');
  }

  /** A directory cannot replace a file, nor the other way round. */
  async #findConflicts(from: string, to: string, name: string): Promise<void> {
    for (const entry of await readdir(from, { withFileTypes: true })) {
      const inner = join(name, entry.name);
      const found = isDirectory(join(to, entry.name));
      if (found === undefined) continue;
      if (found !== entry.isDirectory()) {
        const target = join(this.#target, inner);
        throw new InvalidInputError('target', `${target} is ${found ? '' : 'not '}a directory`, {
          hint: `a ${found ? 'file cannot replace a directory' : 'directory cannot replace a file'}: move ${target} away, ${this.#advice}`,
        });
      }
      if (found) await this.#findConflicts(join(from, entry.name), join(to, entry.name), inner);
    }
  }

  async #merge(from: string, to: OpenDirectory, name: string): Promise<void> {
    this.existing.add(name);
    for (const entry of await readdir(from, { withFileTypes: true })) {
      const [source, target] = [join(from, entry.name), join(to.path, entry.name)];
      const inner = join(name, entry.name);
      if (entry.isDirectory() && isDirectory(target) === true) {
        await using opened = await to.open(entry.name);
        await this.#merge(source, opened, inner);
      } else await this.#move(source, target, inner);
    }
  }

  async #move(source: string, target: string, name: string): Promise<void> {
    try {
      await rename(source, target);
    } catch (error) {
      const path = join(this.#target, name);
      if (!isSystemError(error, 'EXDEV')) throw writeFailure(error, path);
      throw new PermissionError(`${path} is on another file system`, { cause: error });
    }
    this.hasBegun = true;
  }
}

/** Undefined for a missing path. A link to a directory is none. */
function isDirectory(path: string): boolean | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory();
}
