import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import type { Scope } from '../../util/scope.ts';
import { lockFreeDescriptor } from './descriptor-lock.ts';

/** Does not follow a link or block on a special file that was put in its place. */
const FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export interface FileLock {
  /** Inode of the locked file, for callers that remove files of that name. */
  readonly inode: number;
  /** A process that inherits this descriptor holds the lock too, until it closes the descriptor. */
  readonly descriptor: number;
}

/**
 * Takes a lock on a file, which is created if missing, and holds it until the scope closes or this process ends.
 * @param lock locks the file's descriptor; by default exclusively and without waiting.
 * @returns undefined when another process holds it.
 * @throws the errors of `lockDescriptor`, or the system's error for a file that cannot be opened.
 */
export async function holdFileLock(
  path: string,
  scope: Scope,
  lock: (descriptor: number) => Promise<boolean> = lockFreeDescriptor,
): Promise<FileLock | undefined> {
  for (;;) {
    // Synchronously: a command's first asynchronous use of a file starts Node's pool of threads, which takes milliseconds.
    const descriptor = openSync(path, FLAGS, 0o600);
    let isHeld = false;
    try {
      if (!(await lock(descriptor))) return undefined;
      const { ino, dev } = fstatSync(descriptor);
      const there = statSync(path, { throwIfNoEntry: false });
      // The previous holder may have removed the file: a lock on a removed file excludes nobody.
      isHeld = there?.ino === ino && there.dev === dev;
      if (!isHeld) continue;
      scope.defer(() => closeSync(descriptor));
      return { inode: ino, descriptor };
    } finally {
      if (!isHeld) closeSync(descriptor);
    }
  }
}
