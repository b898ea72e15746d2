import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { unlessMissingAsync } from '../../util/files/unless-missing.ts';
import type { Scope } from '../../util/scope.ts';
import { lockFreeDescriptor } from './descriptor-lock.ts';

/** Nothing of another kind that somebody has put in its place is opened, or waited for. */
const FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export interface FileLock {
  /** The locked file's, for a caller that removes files of that name. */
  readonly inode: number;
  /** A process that inherits it has the lock too, until it closes that. */
  readonly descriptor: number;
}

/**
 * Takes an exclusive lock on a file, made where there is none, and holds it until the scope closes. It ends with this
 * process.
 * @param lock of the file's descriptor; without it nobody is waited for.
 * @returns undefined when somebody else has it.
 * @throws what `lockDescriptor` does, or the system's error for a file that cannot be opened.
 */
export async function holdFileLock(
  path: string,
  scope: Scope,
  lock: (descriptor: number) => Promise<boolean> = lockFreeDescriptor,
): Promise<FileLock | undefined> {
  for (;;) {
    const handle = await open(path, FLAGS, 0o600);
    let isHeld = false;
    try {
      if (!(await lock(handle.fd))) return undefined;
      const { ino, dev } = await handle.stat();
      const there = await unlessMissingAsync(stat(path), ['ENOENT']);
      // Whoever had it before may have removed the file: a lock on that one keeps nobody away.
      isHeld = there?.ino === ino && there.dev === dev;
      if (!isHeld) continue;
      scope.defer(async () => handle.close());
      return { inode: ino, descriptor: handle.fd };
    } finally {
      if (!isHeld) await handle.close();
    }
  }
}
