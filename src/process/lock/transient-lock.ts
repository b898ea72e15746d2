import { type FileHandle, open, rm, stat } from 'node:fs/promises';
import { type Waiting, lockDescriptor, lockFreeDescriptor } from './descriptor-lock.ts';
import { unlessMissingAsync } from '../../util/files/unless-missing.ts';
import type { Scope } from '../../util/scope.ts';

/**
 * Waits for the lock on a file, made where there is none, and holds it until the scope closes, which removes the file.
 * @param onWait called once when somebody else has it.
 * @returns whether it was waited for.
 * @throws MissingProgramError without util-linux, the system's error, or the signal's reason.
 */
export async function holdLock(path: string, scope: Scope, { signal, onWait }: Waiting): Promise<boolean> {
  let waited = false;
  const tell = (): void => {
    if (!waited) onWait?.();
    waited = true;
  };
  await hold(path, scope, async (descriptor) => {
    await lockDescriptor(descriptor, { signal, onWait: tell });
    return true;
  });
  return waited;
}

/**
 * As `holdLock`, where nobody has it.
 * @returns whether it was got.
 */
export async function holdFreeLock(path: string, scope: Scope): Promise<boolean> {
  return await hold(path, scope, lockFreeDescriptor);
}

async function hold(
  path: string,
  scope: Scope,
  lock: (descriptor: number) => Promise<boolean>,
): Promise<boolean> {
  for (;;) {
    const handle = await open(path, 'a', 0o600);
    let isHeld = false;
    try {
      if (!(await lock(handle.fd))) return false;
      // Whoever had it before may have removed the file: a lock on that one keeps nobody away.
      isHeld = await isStillAt(path, handle);
      if (isHeld) {
        scope.defer(async () => {
          await rm(path, { force: true });
          await handle.close();
        });
        return true;
      }
    } finally {
      if (!isHeld) await handle.close();
    }
  }
}

async function isStillAt(path: string, handle: FileHandle): Promise<boolean> {
  const ours = await handle.stat();
  const there = await unlessMissingAsync(stat(path), ['ENOENT']);
  return there?.ino === ours.ino && there.dev === ours.dev;
}
