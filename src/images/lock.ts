import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandFailedError } from '../errors.ts';
import { requireProgram } from '../process/program.ts';
import { supervise } from '../process/supervise.ts';
import { Scope } from '../util/scope.ts';
import { type Limits, withinLimits } from '../util/deadline.ts';
import { sweepBuildDirectories } from './build-directory.ts';
import { storeError } from './store-error.ts';
import { makeStore } from './store.ts';

/**
 * Changes the store as the only one that does so just now. What builders left that are not alive any more goes first.
 * @param work may own things by the scope, which is closed after it.
 * @throws what `work` throws, with a system error in the words of the store; NoSpaceError, PermissionError.
 */
export async function withStoreLock<T>(
  store: string,
  { signal }: Limits,
  work: (scope: Scope) => Promise<T>,
): Promise<T> {
  const scope = new Scope();
  try {
    await makeStore(store);
    await holdStoreLock(store, scope, signal);
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
 *
 * Node has no flock(2), so flock(1) holds it in a process of its own, which dies with this one even on SIGKILL:
 * the kernel then lets the lock go, and the file that stays means nothing. It turns into cat on the inherited
 * connection, so the lock also goes where the host cannot send a parent-death signal.
 * @throws MissingProgramError without util-linux, the system's error for a store that cannot be written, or the
 *   signal's reason.
 */
async function holdStoreLock(store: string, scope: Scope, signal: AbortSignal | undefined): Promise<void> {
  const flock = requireProgram('flock', 'It is part of util-linux.');
  const path = join(store, '.lock');
  // A store that cannot be written is told by the system's own error, and not by flock's words.
  await (await open(path, 'a', 0o600)).close();
  const script = 'echo held >&3 && exec cat <&3 >/dev/null';
  const holder = supervise(
    [flock, '--no-fork', '--exclusive', path, 'sh', '-c', script],
    { environment: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' }, descriptors: ['pipe'] },
    scope,
  );
  const connection = holder.connections.get(3);
  if (connection === undefined) throw new Error('descriptor 3 of flock is not connected');
  const gone = holder.exited.then((status) => {
    throw new CommandFailedError(holder.argv, status, holder.output.last(20).join('\n'));
  });
  await withinLimits('waiting for another build', Promise.race([once(connection, 'data'), gone]), { signal });
  // From here on its end is ours to cause; a loss in between costs nothing, for every result is renamed into place.
  gone.catch(() => undefined);
}
