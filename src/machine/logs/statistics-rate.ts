import type { DiskStatistics, MachineStatistics, NetworkStatistics } from './statistics.ts';

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
    networks:
      current.networks?.map((network) => {
        const before = previous.networks?.find((other) => other.interface === network.interface);
        const since = (key: NetworkCounter): number => perSecond(network[key], before?.[key]);
        return {
          interface: network.interface,
          receivedBytes: since('receivedBytes'),
          receivedPackets: since('receivedPackets'),
          sentBytes: since('sentBytes'),
          sentPackets: since('sentPackets'),
        };
      }) ?? null,
  };
}

type CounterOf<Counted> = {
  [Key in keyof Counted]: Counted[Key] extends number ? Key : never;
}[keyof Counted];
type DiskCounter = CounterOf<DiskStatistics>;
type NetworkCounter = CounterOf<NetworkStatistics>;
