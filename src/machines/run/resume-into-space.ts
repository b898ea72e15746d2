import { NoSpaceError, TimedOutError } from '../../errors/index.ts';
import { describeOutOfSpace, outOfSpaceOf } from '../../machine/life/out-of-space.ts';
import type { QmpClient } from '../../qmp/index.ts';
import type { Limits } from '../../util/time/deadline.ts';

/** QEMU repeats the failed request as soon as the machine resumes; a full disk fails it at once. */
const RETRY_MS = 500;

/**
 * Resumes a machine that was paused for lack of space on the host.
 * @throws NoSpaceError when it is paused again, or the signal's reason.
 */
export async function resumeIntoSpace(
  name: string,
  qmp: QmpClient,
  { signal }: Pick<Limits, 'signal'> = {},
): Promise<void> {
  const fullAgain = qmp.waitFor('BLOCK_IO_ERROR', {
    where: ({ data }) => outOfSpaceOf(data) !== undefined,
    timeoutMs: RETRY_MS,
    signal,
  });
  const [failed] = await Promise.all([
    fullAgain.catch((error: unknown) => {
      if (error instanceof TimedOutError) return undefined;
      throw error;
    }),
    qmp.execute('cont', {}, { signal }),
  ]);
  const full = outOfSpaceOf(failed?.data);
  if (!full) return;
  throw new NoSpaceError(`machine "${name}" was paused again: ${describeOutOfSpace(full)}`, {
    hint: `free more space, then run: vmlet resume ${name}`,
  });
}
