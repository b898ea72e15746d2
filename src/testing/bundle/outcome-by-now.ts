import type { Outcome } from '../../machine/life/outcome.ts';
import type { RunningMachine } from '../../machine/running/running-machine.ts';

/** How a machine has ended; undefined while it lives. A promise that has settled already wins against the other. */
export async function outcomeByNow({ ended }: Pick<RunningMachine, 'ended'>): Promise<Outcome | undefined> {
  const later = new Promise<undefined>((resolve) => setImmediate(resolve, undefined));
  return Promise.race([ended, later]);
}
