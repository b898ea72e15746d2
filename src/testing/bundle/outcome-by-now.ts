import type { Outcome } from '../../machine/life/outcome.ts';
import type { RunningMachine } from '../../machine/running/running-machine.ts';

/** Returns how a machine ended; undefined while it is running. A promise that has settled wins the race. */
export async function outcomeByNow({ ended }: Pick<RunningMachine, 'ended'>): Promise<Outcome | undefined> {
  const later = new Promise<undefined>((resolve) => setImmediate(resolve, undefined));
  return Promise.race([ended, later]);
}
