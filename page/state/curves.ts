import type { Statistics, UnreadStatistics } from '../api/types.ts';
import { Observable } from '../values/observable.ts';

/** The usage at one moment; null for unknown values. Processor in percent, memory in bytes, the others in bytes a second. */
export interface Sample {
  readonly at: number;
  readonly processor: number | null;
  readonly memory: number | null;
  readonly memoryLimit: number;
  readonly disk: number | null;
  readonly network: number | null;
  /** Whether the network was counted; a rate needs two readings. */
  readonly countsNetwork: boolean;
}

/** Two minutes. */
export const SPAN_MS = 120_000;

export type Samples = readonly Sample[];

const NONE: Samples = [];
const ofMachines = new Map<string, Observable<Samples>>();

export function samplesOf(name: string): Observable<Samples> {
  let samples = ofMachines.get(name);
  if (!samples) ofMachines.set(name, (samples = new Observable<Samples>(NONE)));
  return samples;
}

export function forgetSamples(name: string): void {
  // A curve that is shown listens to it.
  ofMachines.get(name)?.set(NONE);
}

export function addSample(statistics: Statistics | UnreadStatistics): void {
  // The curve has a gap; the list says what the machine's state is.
  if ('problem' in statistics) return;
  const samples = samplesOf(statistics.machine);
  const kept = samples.value.filter(({ at }) => at > statistics.readAt - SPAN_MS);
  samples.set([...kept, sampleOf(statistics)]);
}

/** Whether the network was not counted since a time: one reading may have begun before the guest was asked. */
export function isUncounted(samples: Samples, since: number): boolean {
  const later = samples.filter(({ at }) => at > since);
  return later.length > 1 && !later.some(({ countsNetwork }) => countsNetwork);
}

export function sampleOf({ readAt, memory, networks, rate }: Statistics): Sample {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return {
    at: readAt,
    processor: rate && rate.cpu.percent,
    memory: memory.rssBytes,
    memoryLimit: memory.guestBytes,
    disk: rate && sum(rate.disks.map(({ readBytes, writtenBytes }) => readBytes + writtenBytes)),
    network: rate?.networks
      ? sum(rate.networks.map(({ receivedBytes, sentBytes }) => receivedBytes + sentBytes))
      : null,
    countsNetwork: networks !== null,
  };
}
