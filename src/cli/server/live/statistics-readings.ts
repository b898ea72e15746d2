import { VmletError } from '../../../errors/index.ts';
import type { MachineStatistics, MachineStore } from '../../../machines/index.ts';

/** Clients that ask at about the same time share a reading. */
const FRESH_MS = 500;

export type StatisticsReading = MachineStatistics | { readonly problem: string } | undefined;

interface Reading {
  readonly at: number;
  readonly result: Promise<StatisticsReading>;
}

/** Readings of the statistics of machines, for all clients. */
export class StatisticsReadings {
  readonly #store: MachineStore;
  readonly #readings = new Map<string, Reading>();

  constructor(store: MachineStore) {
    this.#store = store;
  }

  /** Returns the names of machines whose processors run: others use nothing. */
  running(): string[] {
    return this.#store
      .list()
      .filter(
        (machine) =>
          'status' in machine && machine.status.kind === 'running' && machine.status.state === 'running',
      )
      .map(({ name }) => name);
  }

  /** Undefined for a machine that does not run. */
  async read(name: string): Promise<StatisticsReading> {
    const now = performance.now();
    for (const [other, { at }] of this.#readings) if (now - at > FRESH_MS) this.#readings.delete(other);
    const reading = this.#readings.get(name) ?? { at: now, result: this.#read(name) };
    this.#readings.set(name, reading);
    return reading.result;
  }

  async #read(name: string): Promise<StatisticsReading> {
    try {
      const status = this.#store.get(name).status();
      if (status.kind !== 'running' || status.state !== 'running') return undefined;
      return await this.#store.get(name).live().statistics();
    } catch (error) {
      // It has ended or was removed, or its QEMU does not answer: the list says which.
      if (error instanceof VmletError) return { problem: error.message };
      throw error;
    }
  }
}
