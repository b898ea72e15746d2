import type { Machine } from '../../machine/running/machine.ts';
import { ActiveFaults } from './active-faults.ts';
import { ClockFaults } from './clock-faults.ts';
import { DiskFaults } from './disk-faults.ts';
import type { Fault } from './fault.ts';
import { MemoryFaults } from './memory-faults.ts';
import { NetworkFaults } from './network-faults.ts';

/** What can be done to one machine. All of it ends with the machine, at the latest. */
export class MachineFaults {
  readonly net: NetworkFaults;
  readonly clock: ClockFaults;
  readonly disk: DiskFaults;
  readonly memory: MemoryFaults;
  readonly #pauses: ActiveFaults<undefined>;

  constructor(machine: Machine) {
    this.net = new NetworkFaults(machine);
    this.clock = new ClockFaults(machine);
    this.disk = new DiskFaults(machine);
    this.memory = new MemoryFaults(machine);
    this.#pauses = new ActiveFaults(async (pauses) => {
      await machine.qmp.execute(pauses.length > 0 ? 'stop' : 'cont');
    });
  }

  /**
   * Stops the guest's processors. Its clock stands still too, and lags behind from then on: `clock.jump(0)` sets it right.
   * What is asked of the guest meanwhile waits.
   */
  async pause(): Promise<Fault> {
    return this.#pauses.begin(undefined);
  }

  /** Lets the processors run again, however often the machine was paused. */
  async resume(): Promise<void> {
    await this.#pauses.endAll();
  }
}
