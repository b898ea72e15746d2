import type { DiskStatistics, MachineStatistics } from './statistics.ts';

/** A machine's usage per second between two readings. 100 percent are one processor of the host. */
export interface StatisticsRate {
  readonly seconds: number;
  readonly cpu: {
    /** QEMU and its helpers. */
    readonly percent: number;
    readonly virtualProcessorsPercent: readonly number[];
  };
  readonly disks: readonly {
    readonly device: string;
    readonly readBytes: number;
    readonly readOperations: number;
    readonly writtenBytes: number;
    readonly writeOperations: number;
    readonly flushOperations: number;
  }[];
  /** Null when a reading has no counters, or one of them has gone back, as after a reboot of the guest. */
  readonly networks:
    | readonly {
        readonly interface: string;
        readonly receivedBytes: number;
        readonly receivedPackets: number;
        readonly sentBytes: number;
        readonly sentPackets: number;
      }[]
    | null;
}

/**
 * Computes the usage between two readings. Devices missing in `previous`, such as a new disk, count from
 * zero. Undefined if the readings are from different runs of the machine, or taken at the same time.
 */
export function rate(previous: MachineStatistics, current: MachineStatistics): StatisticsRate | undefined {
  // The host's uptime, unlike its clock, never jumps.
  const seconds = (current.uptimeMs - previous.uptimeMs) / 1000;
  if (seconds <= 0 || current.cpu.qemuMs < previous.cpu.qemuMs) return undefined;
  const perSecond = (now: number, before: number | undefined): number =>
    Math.max(0, now - (before ?? 0)) / seconds;
  const percent = (now: number, before: number | undefined): number => perSecond(now, before) / 10;
  return {
    seconds,
    cpu: {
      percent:
        percent(current.cpu.qemuMs, previous.cpu.qemuMs) +
        // A restarted helper counts from zero, too.
        percent(current.cpu.helpersMs, Math.min(previous.cpu.helpersMs, current.cpu.helpersMs)),
      virtualProcessorsPercent: current.cpu.virtualProcessorsMs.map((now, index) =>
        percent(now, previous.cpu.virtualProcessorsMs[index]),
      ),
    },
    disks: current.disks.map((disk) => {
      const before = previous.disks.find(({ device }) => device === disk.device);
      const since = (key: DiskCounter): number => perSecond(disk[key], before?.[key]);
      return {
        device: disk.device,
        readBytes: since('readBytes'),
        readOperations: since('readOperations'),
        writtenBytes: since('writtenBytes'),
        writeOperations: since('writeOperations'),
        flushOperations: since('flushOperations'),
      };
    }),
    networks: networkRates(previous.networks, current.networks, perSecond),
  };
}

function networkRates(
  previous: MachineStatistics['networks'],
  current: MachineStatistics['networks'],
  perSecond: (now: number, before: number | undefined) => number,
): StatisticsRate['networks'] {
  if (!previous || !current) return null;
  const pairs = current.map((now) => ({
    now,
    before: previous.find((other) => other.interface === now.interface),
  }));
  // The guest has booted again, a driver was reloaded, or a 32-bit counter has wrapped: the bytes since then are unknown.
  if (pairs.some(({ now, before }) => before && NETWORK_COUNTERS.some((key) => now[key] < before[key]))) {
    return null;
  }
  return pairs.map(({ now, before }) => {
    const since = (key: NetworkCounter): number => perSecond(now[key], before?.[key]);
    return {
      interface: now.interface,
      receivedBytes: since('receivedBytes'),
      receivedPackets: since('receivedPackets'),
      sentBytes: since('sentBytes'),
      sentPackets: since('sentPackets'),
    };
  });
}

const NETWORK_COUNTERS = ['receivedBytes', 'receivedPackets', 'sentBytes', 'sentPackets'] as const;
type NetworkCounter = (typeof NETWORK_COUNTERS)[number];

type DiskCounter = {
  [Key in keyof DiskStatistics]: DiskStatistics[Key] extends number ? Key : never;
}[keyof DiskStatistics];
