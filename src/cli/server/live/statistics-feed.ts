import { type MachineStatistics, rate } from '../../../machines/index.ts';
import { pause } from '../../../util/time/pause.ts';
import type { StatisticsReadings } from './statistics-readings.ts';

/** The machines whose statistics a client wants. */
export interface StatisticsChoice {
  readonly names: readonly string[] | 'all';
  /** Those of them whose guests are asked as well. */
  readonly guests: readonly string[];
  readonly intervalMs: number;
}

/** Reads the statistics that one client wants, until it wants others. */
export class StatisticsFeed implements Disposable {
  readonly #readings: StatisticsReadings;
  readonly #send: (machines: object[]) => void;
  readonly #onDefect: (error: unknown) => void;
  readonly #before = new Map<string, MachineStatistics>();
  #stop: AbortController | undefined;

  constructor(
    readings: StatisticsReadings,
    send: (machines: object[]) => void,
    onDefect: (error: unknown) => void,
  ) {
    this.#readings = readings;
    this.#send = send;
    this.#onDefect = onDefect;
  }

  choose(choice: StatisticsChoice): void {
    this[Symbol.dispose]();
    if (choice.names !== 'all' && choice.names.length === 0) return;
    const stop = new AbortController();
    this.#stop = stop;
    void this.#run(choice, stop.signal);
  }

  [Symbol.dispose](): void {
    this.#stop?.abort();
  }

  async #run({ names, guests, intervalMs }: StatisticsChoice, signal: AbortSignal): Promise<void> {
    const asked = new Set(guests);
    try {
      for (;;) {
        const wanted = names === 'all' ? this.#readings.running() : names;
        const records = await Promise.all(wanted.map(async (name) => this.#record(name, asked.has(name))));
        signal.throwIfAborted();
        const known = records.filter((record) => record !== undefined);
        if (known.length > 0) this.#send(known);
        await pause(intervalMs, signal);
      }
    } catch (error) {
      if (!signal.aborted) this.#onDefect(error);
    }
  }

  /** As `vmlet stats --json` has it. */
  async #record(machine: string, askGuest: boolean): Promise<object | undefined> {
    const reading = await this.#readings.read(machine, askGuest);
    if (reading === undefined) {
      this.#before.delete(machine);
      return undefined;
    }
    if ('problem' in reading) return { machine, version: 1, ...reading };
    const previous = this.#before.get(machine);
    // A reading of a QEMU at rest has earlier counters: the next rates are those of the time since they were read.
    const isPartial = reading.disks === previous?.disks && reading.cpu.qemuMs !== previous.cpu.qemuMs;
    if (!isPartial) this.#before.set(machine, reading);
    return { machine, ...reading, rate: (previous && rate(previous, reading)) ?? null };
  }
}
