import { rm } from 'node:fs/promises';
import type { Scope } from '../../util/scope.ts';
import { type Waiting, lockDescriptor } from './descriptor-lock.ts';
import { type FileLock, holdFileLock } from './file-lock.ts';

/**
 * Waits for the lock on a file, which is created if missing, and holds it until the scope closes and removes
 * the file.
 * @param onWait called once when another process holds it.
 * @returns whether it had to wait.
 * @throws MissingProgramError without util-linux, the system's error, or the signal's reason.
 */
export async function holdLock(path: string, scope: Scope, { signal, onWait }: Waiting): Promise<boolean> {
  let waited = false;
  const tell = (): void => {
    if (!waited) onWait?.();
    waited = true;
  };
  const held = await holdFileLock(path, scope, async (descriptor) => {
    await lockDescriptor(descriptor, { signal, onWait: tell });
    return true;
  });
  removeAfterwards(path, held, scope);
  return waited;
}

/**
 * Like `holdLock`, without waiting.
 * @returns whether the lock was taken.
 */
export async function holdFreeLock(path: string, scope: Scope): Promise<boolean> {
  return removeAfterwards(path, await holdFileLock(path, scope), scope);
}

/** Removed before the lock is released: the next holder then notices that the file has changed. */
function removeAfterwards(path: string, held: FileLock | undefined, scope: Scope): boolean {
  if (held) scope.defer(async () => rm(path, { force: true }));
  return held !== undefined;
}
