import type { Machine } from '../../machine/running/machine.ts';
import { ActiveFaults } from './active-faults.ts';
import { ClockFaults } from './clock-faults.ts';
import { DiskFaults } from './disk-faults.ts';
import type { Fault } from './fault.ts';
import { MemoryFaults } from './memory-faults.ts';
import { NetworkFaults } from './network-faults.ts';

/** Faults of one machine. They end with the machine at the latest. */
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
   * Pauses the guest's processors. Its clock stops too, and lags behind afterwards: `clock.jump(0)` corrects it. Requests to
   * the guest wait in the meantime.
   */
  async pause(): Promise<Fault> {
    return this.#pauses.begin(undefined);
  }

  /** Resumes the processors, however often the machine was paused. */
  async resume(): Promise<void> {
    await this.#pauses.endAll();
  }

  /** Ends the faults with which the guest cannot write its caches to its disks. */
  async endForWriteback(): Promise<void> {
    const [resumed] = await Promise.allSettled([this.resume()]);
    const others = await Promise.allSettled([this.disk.endLimitsAndFailures(), this.memory.endAll()]);
    const failed = [resumed, ...others].find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }
}
