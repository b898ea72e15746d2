import { readFile } from 'node:fs/promises';
import { QmpClosedError, QmpRefusedError } from '../../errors/index.ts';
import type { QmpClient } from '../../qmp/index.ts';
import { readHostUptime, readProcessMemory, readProcessTime, tapInterfacesOf } from './process-usage.ts';

/**
 * Resource usage of a machine since its QEMU was started, in milliseconds and bytes; null for unknown values.
 */
export interface MachineStatistics {
  readonly version: 1;
  /** Time of the reading, in milliseconds since 1970. */
  readonly readAt: number;
  readonly uptimeMs: number;
  readonly cpu: {
    /** Processor time of QEMU, its virtual processors included. */
    readonly qemuMs: number;
    /** Processor time of passt and the other helpers. */
    readonly helpersMs: number;
    /**
     * Processor time of each virtual processor. With single-threaded TCG, all have the value of that thread.
     */
    readonly virtualProcessorsMs: readonly number[];
  };
  readonly memory: {
    /** Memory size of the guest. */
    readonly guestBytes: number;
    /** Memory that the balloon leaves to the guest; null without a balloon. */
    readonly balloonBytes: number | null;
    /** QEMU's resident memory on the host, including all guest memory ever touched. */
    readonly rssBytes: number | null;
    readonly pssBytes: number | null;
  };
  /** Ordered by device name. */
  readonly disks: readonly DiskStatistics[];
  /**
   * All interfaces but the guest's loopback. Null when the host has no tap of the machine, and the guest was not asked or
   * did not answer: QEMU and passt count nothing.
   */
  readonly networks: readonly NetworkStatistics[] | null;
}

/** Counters of a disk since the machine started. */
export interface DiskStatistics {
  /** ID of the device. */
  readonly device: string;
  /** Name of its block node; null for a drive without a medium. */
  readonly node: string | null;
  readonly readBytes: number;
  readonly readOperations: number;
  readonly writtenBytes: number;
  readonly writeOperations: number;
  readonly flushOperations: number;
  /** Size as seen by the guest. */
  readonly sizeBytes: number | null;
  /** Space that its file takes on the host, without its backing files. */
  readonly allocatedBytes: number | null;
}

/**
 * Traffic of one interface, in bytes and packets; received and sent are from the guest's point of view. The host's counters
 * begin with the tap, those of the guest with its boot. An interface of the guest on top of another, such as a bridge of
 * containers, counts the same bytes again.
 */
export interface NetworkStatistics {
  /** Source of the counters: the host's tap interface, or the guest itself, which is not trusted. */
  readonly source: 'host' | 'guest';
  /** Name of the interface there. */
  readonly interface: string;
  readonly receivedBytes: number;
  readonly receivedPackets: number;
  readonly sentBytes: number;
  readonly sentPackets: number;
}

export interface StatisticsSource {
  readonly qmp: QmpClient;
  readonly qemuPid: number;
  /** Process IDs of passt, swtpm and so on; processes that are gone count nothing. */
  readonly helperPids: readonly number[];
  /** Whether QEMU has a tap interface; finding it means looking at each descriptor of QEMU. */
  readonly hasTap: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly signal?: AbortSignal | undefined;
}

/** @throws QmpClosedError when QEMU is gone, the errors of `QmpClient.execute`, or the signal's reason. */
export async function readStatistics(source: StatisticsSource): Promise<MachineStatistics> {
  const { qmp, qemuPid, helperPids, hasTap, now, signal } = source;
  const [processors, memory, balloonBytes, disks, qemu, helpers, resident, taps] = await Promise.all([
    qmp.execute('query-cpus-fast', {}, { signal }),
    qmp.execute('query-memory-size-summary', {}, { signal }),
    readBalloon(qmp, signal),
    readDisks(qmp, signal),
    readProcessTime(qemuPid),
    Promise.all(helperPids.map(async (pid) => readProcessTime(pid))),
    readProcessMemory(qemuPid),
    hasTap ? tapInterfacesOf(qemuPid) : [],
  ]);
  const threads = await Promise.all(
    processors.map(async (processor) => readProcessTime(qemuPid, Number(processor['thread-id']))),
  );
  if (!qemu) throw new QmpClosedError('reading the statistics', undefined);
  return {
    version: 1,
    readAt: now,
    uptimeMs: Math.max(0, readHostUptime() - qemu.startedMs),
    cpu: {
      qemuMs: qemu.cpuMs,
      helpersMs: helpers.reduce((sum, helper) => sum + (helper?.cpuMs ?? 0), 0),
      virtualProcessorsMs: threads.map((thread) => thread?.cpuMs ?? 0),
    },
    memory: {
      guestBytes: Number(memory['base-memory']) + Number(memory['plugged-memory'] ?? 0),
      balloonBytes,
      rssBytes: resident?.rssBytes ?? null,
      pssBytes: resident?.pssBytes ?? null,
    },
    disks,
    networks: taps.length === 0 ? null : await Promise.all(taps.map(readTapInterface)),
  };
}

async function readBalloon(qmp: QmpClient, signal: AbortSignal | undefined): Promise<number | null> {
  try {
    return Number((await qmp.execute('query-balloon', {}, { signal })).actual);
  } catch (error) {
    // There is no balloon, or KVM cannot support ballooning.
    if (error instanceof QmpRefusedError) return null;
    throw error;
  }
}

async function readDisks(qmp: QmpClient, signal: AbortSignal | undefined): Promise<DiskStatistics[]> {
  const [drives, nodes] = await Promise.all([
    qmp.execute('query-blockstats', {}, { signal }),
    qmp.execute('query-named-block-nodes', { flat: true }, { signal }),
  ]);
  const images = new Map(nodes.map((node) => [node['node-name'], node.image]));
  const disks = drives.flatMap(({ qdev, 'node-name': node, stats }) => {
    if (qdev === undefined) return [];
    const image = node === undefined ? undefined : images.get(node);
    return [
      {
        device: deviceId(qdev),
        node: node ?? null,
        readBytes: Number(stats.rd_bytes),
        readOperations: Number(stats.rd_operations),
        writtenBytes: Number(stats.wr_bytes),
        writeOperations: Number(stats.wr_operations),
        flushOperations: Number(stats.flush_operations),
        sizeBytes: image ? Number(image['virtual-size']) : null,
        allocatedBytes: image?.['actual-size'] === undefined ? null : Number(image['actual-size']),
      },
    ];
  });
  // QEMU's own order has no meaning.
  return disks.sort((one, other) => (one.device < other.device ? -1 : 1));
}

/** QEMU gives the ID of most devices, but for virtio the path of a part of the device. */
function deviceId(qdev: string): string {
  return /^\/machine\/peripheral\/([^/]+)/.exec(qdev)?.[1] ?? qdev;
}

/** The host's transmit counter of a tap is the guest's receive counter. */
async function readTapInterface(name: string): Promise<NetworkStatistics> {
  const count = async (counter: string): Promise<number> =>
    Number(await readFile(`/sys/class/net/${name}/statistics/${counter}`, 'latin1'));
  return {
    source: 'host',
    interface: name,
    receivedBytes: await count('tx_bytes'),
    receivedPackets: await count('tx_packets'),
    sentBytes: await count('rx_bytes'),
    sentPackets: await count('rx_packets'),
  };
}
