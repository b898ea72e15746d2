import { readdirSync, rmdirSync } from 'node:fs';
import { mkdtemp, readdir, readlink, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { PermissionError, isSystemError } from '../../errors/index.ts';
import { removeTree } from '../../util/files/removal.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import { writeFailure } from '../../util/files/write-failure.ts';
import { nameBeside } from './name-beside.ts';
import type { OpenDirectory } from './open-directory.ts';
import { type TreeOwner, openOwned } from './tree-owner.ts';

const PRIVATE_MODE = 0o700;
/** A directory in one with setgid has that bit, too. */
const PERMISSION_BITS = 0o777;

/**
 * A new directory that only this user can enter, until it is given away. Users who may write to the directory around it
 * can rename it, and put something else in its place.
 */
export class PrivateDirectory implements AsyncDisposable {
  readonly #place: OpenDirectory;
  readonly #name: string;
  readonly #directory: OpenDirectory;
  #isKept = false;

  private constructor(place: OpenDirectory, name: string, directory: OpenDirectory) {
    this.#place = place;
    this.#name = name;
    this.#directory = directory;
  }

  /**
   * @param isForeign the place belongs to another user.
   * @throws PermissionError if the new directory is not private there; the system's error.
   */
  static async make(place: OpenDirectory, isForeign: boolean): Promise<PrivateDirectory> {
    const name = basename(await mkdtemp(join(place.path, '.vmlet-')));
    return isForeign
      ? PrivateDirectory.openForeign(place, name)
      : new PrivateDirectory(place, name, await place.open(name));
  }

  /**
   * Opens a directory that was just made in one of another user, who may have replaced it since.
   * @throws PermissionError if it is not private, or not empty; the system's error.
   */
  static async openForeign(place: OpenDirectory, name: string): Promise<PrivateDirectory> {
    const directory = await place.open(name);
    if (await isNew(directory)) return new PrivateDirectory(place, name, directory);
    await directory[Symbol.asyncDispose]();
    removeEmpty(join(place.path, name));
    throw new PermissionError(
      `cannot make a private directory in ${await readlink(place.path)}: other users can change or replace it`,
      { hint: 'run vmlet as the owner of this directory' },
    );
  }

  get path(): string {
    return this.#directory.path;
  }

  /** Its path now, after renames by any user. */
  async whereabouts(): Promise<string> {
    return readlink(this.path);
  }

  /** Gives it another name where it is, and keeps it. @throws the system's error. */
  async rename(name: string): Promise<void> {
    await this.#move(this.#place, name);
    this.keep();
  }

  /** From now on it is not removed at the end. */
  keep(): void {
    this.#isKept = true;
  }

  /** Moves it beside a name, as `nameBeside`. @throws the system's error. */
  async moveBeside(place: OpenDirectory, name: string): Promise<void> {
    for (;;) {
      try {
        return await this.#move(place, nameBeside(place.path, name));
      } catch (error) {
        // Another process has taken the name.
        if (!isSystemError(error, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR')) throw error;
      }
    }
  }

  async #move(place: OpenDirectory, name: string): Promise<void> {
    await rename(join(this.#place.path, this.#name), join(place.path, name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.#isKept) return;
      for (const left of readdirSync(this.path)) removeTree(join(this.path, left));
      removeEmpty(join(this.#place.path, this.#name));
    } finally {
      await this.#directory[Symbol.asyncDispose]();
    }
  }
}

/** An older directory of this user, in the place of a new one, would be given away with its contents. */
async function isNew(directory: OpenDirectory): Promise<boolean> {
  const { uid, mode } = await directory.stat();
  const isPrivate = uid === process.geteuid?.() && (mode & PERMISSION_BITS) === PRIVATE_MODE;
  return isPrivate && (await readdir(directory.path)).length === 0;
}

/** Another user may have removed it, or put a file, a link or a directory with contents there. */
function removeEmpty(path: string): void {
  unlessMissing(() => rmdirSync(path), ['ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST']);
}

/**
 * Checks that root can write to a directory of another user without being led elsewhere.
 * @param path absolute, without symbolic links.
 * @throws PermissionError, NoSpaceError, InvalidInputError for a directory that was replaced.
 */
export async function requirePrivacy(path: string, owner: TreeOwner): Promise<void> {
  try {
    await using place = await openOwned(path, owner);
    const tried = await PrivateDirectory.make(place, true);
    await tried[Symbol.asyncDispose]();
  } catch (error) {
    throw writeFailure(error, path);
  }
}
