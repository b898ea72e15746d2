import { NoSpaceError, TimedOutError } from '../../errors/index.ts';
import { describeOutOfSpace, outOfSpaceOf } from '../../machine/life/out-of-space.ts';
import type { QmpClient } from '../../qmp/index.ts';

/** QEMU tries again what it has kept as soon as the machine goes on; a disk that is full says so at once. */
const RETRY_MS = 500;

/**
 * Lets a machine go on that stood still for lack of space on the host.
 * @throws NoSpaceError when it stands still again.
 */
export async function resumeIntoSpace(name: string, qmp: QmpClient): Promise<void> {
  const fullAgain = qmp.waitFor('BLOCK_IO_ERROR', {
    where: ({ data }) => outOfSpaceOf(data) !== undefined,
    timeoutMs: RETRY_MS,
  });
  const [failed] = await Promise.all([
    fullAgain.catch((error: unknown) => {
      if (error instanceof TimedOutError) return undefined;
      throw error;
    }),
    qmp.execute('cont'),
  ]);
  const full = outOfSpaceOf(failed?.data);
  if (!full) return;
  throw new NoSpaceError(`${name} stands still again: ${describeOutOfSpace(full)}`, {
    hint: `make more room, and then: vmlet resume ${name}`,
  });
}
