import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { type Waiting, lockDescriptor } from '../../process/lock/descriptor-lock.ts';
import { Scope } from '../../util/scope.ts';
import { makeDirectories } from '../../util/files/make-directories.ts';
import { sweepBuildDirectories } from './build-directory.ts';
import { storeError } from './store-error.ts';

/**
 * Holds the store's lock while `work` runs. Removes build directories of ended processes first.
 * @param work gets a scope that is closed after it.
 * @throws what `work` throws, system errors converted by `storeError`; NoSpaceError, PermissionError.
 */
export async function withStoreLock<T>(
  store: string,
  waiting: Waiting,
  work: (scope: Scope) => Promise<T>,
): Promise<T> {
  const scope = new Scope();
  try {
    makeDirectories(store);
    await holdStoreLock(store, scope, waiting);
    await sweepBuildDirectories(store);
    return await work(scope);
  } catch (error) {
    throw storeError(error, store);
  } finally {
    await scope.close();
  }
}

/**
 * Waits for the store's lock and holds it until the scope closes.
 * @throws MissingProgramError without util-linux, the system's error for a read-only store, or the signal's reason.
 */
async function holdStoreLock(store: string, scope: Scope, waiting: Waiting): Promise<void> {
  const handle = await open(join(store, '.lock'), 'a', 0o600);
  scope.defer(async () => handle.close());
  await lockDescriptor(handle.fd, waiting);
}
