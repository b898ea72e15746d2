import { statfsSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PermissionError, isSystemError } from '../../errors/index.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { claimDirectory, ensurePrivateDirectory } from '../../machine/paths/runtime-directory.ts';
import type { Scope } from '../../util/scope.ts';

/** `TMPFS_MAGIC` of linux/magic.h: a file system in memory. */
const TMPFS = 0x01021994;

/** The kernel ends a QEMU whose memory no longer fits, so half of the space is left to others. */
const SHARE = 0.5;

type Place = Pick<Locations, 'memory'>;

/** Whether a guest's memory of this size can be a file that is never written to a disk. */
export function fitsInMemory({ memory }: Place, bytes: number): boolean {
  try {
    const { type, bavail, bsize } = statfsSync(dirname(memory));
    if (type !== TMPFS || bytes > bavail * bsize * SHARE) return false;
    ensurePrivateDirectory(memory);
    return true;
  } catch (error) {
    if (error instanceof PermissionError || isSystemError(error)) return false;
    throw error;
  }
}

/** The memory of a guest, in a file that other processes can read while the guest is stopped. */
export class MemoryFile {
  readonly path: string;
  #opened: FileHandle | undefined;

  private constructor(path: string) {
    this.path = path;
  }

  /** Creates an empty file for QEMU. @param scope removes it. */
  static async create({ memory: parent }: Place, scope: Scope): Promise<MemoryFile> {
    const memory = new MemoryFile(join(claimDirectory(parent, scope), 'memory'));
    await (await open(memory.path, 'wx', 0o600)).close();
    scope.defer(async () => memory.close());
    return memory;
  }

  /** Removes its name, once QEMU has opened it: the memory is then freed when QEMU ends, even if vmlet was killed. */
  async unlink(): Promise<void> {
    this.#opened = await open(this.path, 'r');
    await rm(this.path);
  }

  /** A path by which it can be read, until it is closed. */
  get source(): string {
    return this.#opened ? `/proc/${process.pid}/fd/${this.#opened.fd}` : this.path;
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.close();
  }
}
