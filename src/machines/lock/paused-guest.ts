import { MachineStateError } from '../../errors/index.ts';
import type { MachineStatus } from '../record/machine-status.ts';

/**
 * Refuses a machine whose processors do not run: its guest cannot answer.
 * @param inability as in `get another network card`.
 * @throws MachineStateError
 */
export function refusePaused(name: string, status: MachineStatus, inability: string): void {
  if (status.kind !== 'running' || status.state === 'running') return;
  throw new MachineStateError(name, status.state, `is ${status.state}, so its guest cannot ${inability}`, {
    hint: `resume it first: vmlet resume ${name}; or stop it: vmlet stop ${name}`,
  });
}
