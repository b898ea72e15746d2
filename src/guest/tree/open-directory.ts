import { type Stats, constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';

/** O_PATH of Linux, which needs no permission to read; Node has no name for it. */
const PATH_ONLY = 0o10000000;

/** An open directory: its path leads to the same directory whatever other users rename or replace meanwhile. */
export class OpenDirectory implements AsyncDisposable {
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** @throws the system's error. */
  static async at(path: string): Promise<OpenDirectory> {
    return new OpenDirectory(await open(path, PATH_ONLY | constants.O_DIRECTORY));
  }

  /** @param path absolute. @throws the system's error, ENOTDIR for a symbolic link in any part of the path. */
  static async withoutLinks(path: string): Promise<OpenDirectory> {
    let current = await OpenDirectory.at('/');
    for (const name of path.split('/').filter((part) => part !== '' && part !== '.')) {
      await using outer = current;
      current = await outer.open(name);
    }
    return current;
  }

  get path(): string {
    return `/proc/self/fd/${this.#handle.fd}`;
  }

  /** Opens a directory in it. @throws the system's error, ENOTDIR for a symbolic link. */
  async open(name: string): Promise<OpenDirectory> {
    const flags = PATH_ONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    return new OpenDirectory(await open(join(this.path, name), flags));
  }

  /** Opens the directory that it is in. @throws the system's error. */
  async openOuter(): Promise<OpenDirectory> {
    return OpenDirectory.at(`${this.path}/..`);
  }

  async stat(): Promise<Stats> {
    return this.#handle.stat();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}
