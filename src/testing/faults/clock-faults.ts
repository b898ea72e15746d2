import { InvalidInputError } from '../../errors/index.ts';
import type { Machine } from '../../machine/running/machine.ts';
import { ActiveFaults } from './active-faults.ts';
import type { Fault } from './fault.ts';

/**
 * Faults of the guest's clock, set by its agent: the time of day jumps, the time since boot does not. A guest that
 * synchronizes its clock (NTP) may undo them.
 */
export class ClockFaults {
  readonly #jumps: ActiveFaults<number>;

  constructor(machine: Machine) {
    this.#jumps = new ActiveFaults(async (jumps) =>
      machine.setClock(new Date(Date.now() + jumps.reduce((sum, jump) => sum + jump, 0))),
    );
  }

  /**
   * Sets the guest's clock to the host's time plus an offset. The offsets of active faults add up.
   * @param byMs offset in milliseconds, negative for the past; 0 only corrects the guest's clock.
   * @throws InvalidInputError; GuestRequestError for a time that the guest's kernel rejects, such as before 1970.
   */
  async jump(byMs: number): Promise<Fault> {
    if (!Number.isFinite(byMs)) throw new InvalidInputError('byMs', `${byMs}: expected milliseconds`);
    return this.#jumps.begin(byMs);
  }
}
