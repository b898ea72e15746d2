import { VmletError } from '../../../errors/index.ts';
import {
  type LiveMachine,
  type MachineStatistics,
  type MachineStatus,
  type MachineStore,
  processorsRun,
  statisticsAtRest,
} from '../../../machines/index.ts';
import type { RunningMachines } from './running-machines.ts';

/** Clients that ask at about the same time share a reading. */
const FRESH_MS = 500;
/** QEMU is asked again after this time, even if it has used no processor time: a few changes need hardly any. */
const REST_MS = 120_000;

export type StatisticsReading = MachineStatistics | { readonly problem: string } | undefined;

interface Reading {
  readonly at: number;
  readonly result: Promise<StatisticsReading>;
}

/** The last answer of QEMU. */
interface Answer {
  readonly at: number;
  readonly statistics: MachineStatistics;
}

/** Readings of the statistics of machines, for all clients. */
export class StatisticsReadings {
  readonly #store: MachineStore;
  readonly #machines: RunningMachines;
  readonly #readings = new Map<string, Reading>();
  readonly #answers = new Map<string, Answer>();

  constructor(store: MachineStore, machines: RunningMachines) {
    this.#store = store;
    this.#machines = machines;
  }

  /** Returns the names of machines whose processors run: others use nothing. */
  running(): string[] {
    return this.#store
      .list()
      .filter((machine) => 'status' in machine && processorsRun(machine.status))
      .map(({ name }) => name);
  }

  /**
   * Undefined for a machine that does not run.
   * @param askGuest asks an agent in the guest for the counters of its network, which wakes the guest.
   */
  async read(name: string, askGuest: boolean): Promise<StatisticsReading> {
    const now = performance.now();
    for (const [other, { at }] of this.#readings) if (now - at > FRESH_MS) this.#readings.delete(other);
    const key = `${askGuest} ${name}`;
    const reading = this.#readings.get(key) ?? { at: now, result: this.#read(name, askGuest) };
    this.#readings.set(key, reading);
    return reading.result;
  }

  async #read(name: string, askGuest: boolean): Promise<StatisticsReading> {
    try {
      const { status, live } = this.#machines.find(name);
      if (!processorsRun(status)) return undefined;
      // A guest that is asked is not at rest.
      const atRest = askGuest ? undefined : this.#atRest(name, status);
      return atRest ?? (await this.#ask(live(), askGuest));
    } catch (error) {
      // It has ended or was removed, or its QEMU does not answer: the list says which.
      if (error instanceof VmletError) return { problem: error.message };
      throw error;
    }
  }

  #atRest(name: string, status: MachineStatus): MachineStatistics | undefined {
    const now = performance.now();
    for (const [other, { at }] of this.#answers) if (now - at > REST_MS) this.#answers.delete(other);
    const last = this.#answers.get(name);
    return last && statisticsAtRest(status, last.statistics);
  }

  async #ask(machine: LiveMachine, askGuest: boolean): Promise<MachineStatistics> {
    const at = performance.now();
    const statistics = await machine.statistics({ askGuest });
    this.#answers.set(machine.name, { at, statistics: withoutGuest(statistics) });
    return statistics;
  }
}

/** Leaves out the guest's counters, which are not those of a later time. */
function withoutGuest(statistics: MachineStatistics): MachineStatistics {
  const isOfGuest = statistics.networks?.every(({ source }) => source === 'guest');
  return isOfGuest === true ? { ...statistics, networks: null } : statistics;
}
