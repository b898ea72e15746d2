import { InvalidInputError } from '../../errors/index.ts';
import type { Machine } from '../../machine/running/machine.ts';
import { ActiveFaults } from './active-faults.ts';
import type { Fault } from './fault.ts';

/**
 * Faults of the guest's clock, made by its agent: the time of day jumps, the time since it booted goes on. A guest with a
 * program that keeps its clock right (NTP) may undo them.
 */
export class ClockFaults {
  readonly #jumps: ActiveFaults<number>;

  constructor(machine: Machine) {
    this.#jumps = new ActiveFaults(async (jumps) =>
      machine.setClock(new Date(Date.now() + jumps.reduce((sum, jump) => sum + jump, 0))),
    );
  }

  /**
   * Sets the guest's clock to the host's, and this further. The jumps that have not ended add up.
   * @param byMs milliseconds, negative to go back; 0 only takes away what the guest's clock lags behind.
   * @throws InvalidInputError; GuestRequestError for a time that the guest's kernel does not take, as before 1970.
   */
  async jump(byMs: number): Promise<Fault> {
    if (!Number.isFinite(byMs)) throw new InvalidInputError('byMs', `${byMs}: expected milliseconds`);
    return this.#jumps.begin(byMs);
  }
}
