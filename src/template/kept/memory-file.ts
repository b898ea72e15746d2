import { statfsSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PermissionError, isSystemError } from '../../errors/index.ts';
import {
  claimDirectory,
  ensurePrivateDirectory,
  sweepDeadOwners,
} from '../../machine/paths/runtime-directory.ts';
import type { Scope } from '../../util/scope.ts';

/** Linux's file system for shared memory: its files are never written to a disk, and need not end with QEMU. */
const SHARED_MEMORY = '/dev/shm';
/** `TMPFS_MAGIC` of linux/magic.h. */
const TMPFS = 0x01021994;

/** QEMU is killed when its memory does not fit, so that other users of the file system get a half of it. */
const SHARE = 0.5;

function directoryOfUser(): string {
  return join(SHARED_MEMORY, `vmlet-${process.getuid?.() ?? 0}`);
}

/** Whether a guest's memory of this size can be such a file. */
export function fitsInMemory(bytes: number): boolean {
  try {
    const { type, bavail, bsize } = statfsSync(SHARED_MEMORY);
    if (type !== TMPFS || bytes > bavail * bsize * SHARE) return false;
    ensurePrivateDirectory(directoryOfUser());
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
  static async create(scope: Scope): Promise<MemoryFile> {
    sweepDeadOwners(directoryOfUser());
    const memory = new MemoryFile(join(claimDirectory(directoryOfUser(), scope), 'memory'));
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
