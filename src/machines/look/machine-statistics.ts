import { type MachineStatistics, readStatistics } from '../../machine/logs/statistics.ts';
import { queryGuestPorts } from '../../machine/qemu/guest-ports.ts';
import { withMonitor } from '../channel/monitor.ts';
import type { Definition } from '../record/definition.ts';
import { findPlan } from '../record/machine-plan-file.ts';
import { notRunning, processorsRun, readStatus } from '../record/machine-status.ts';
import { readGuestNetworks } from './guest-networks.ts';

/** Options of a reading of a machine's statistics. */
export interface StatisticsOptions {
  /**
   * Also asks an agent in the guest what its network received and sent, for at most a second, when the machine has cards,
   * none of them on a bridge, whose taps the host counts. Such a reading wakes the guest. Default: false.
   */
  readonly askGuest?: boolean | undefined;
  /** Aborting rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** @throws MachineStateError, MachineEndedError, or the signal's reason. */
export async function readMachineStatistics(
  definition: Definition,
  { askGuest = false, signal }: StatisticsOptions,
): Promise<MachineStatistics> {
  const { spec, files } = definition;
  // The guest is asked later: other commands wait for the monitor.
  const { statistics, ports } = await withMonitor(
    definition,
    async (qmp) => {
      const status = readStatus(files);
      if (status.kind !== 'running' || !status.qemu) throw notRunning(spec.name, status.kind);
      // It may have ended meanwhile.
      const plan = findPlan(files);
      const hasTap = plan !== undefined && plan.bridges.length > 0;
      const hasCard = plan !== undefined && (plan.network !== undefined || plan.privateCards.length > 0);
      const asks = askGuest && hasCard && !hasTap && processorsRun(status);
      const [statistics, ports] = await Promise.all([
        readStatistics({
          qmp,
          qemuPid: status.qemu.pid,
          helperPids: Object.values(status.helpers).map(({ pid }) => pid),
          hasTap,
          now: Date.now(),
          signal,
        }),
        asks ? queryGuestPorts(qmp) : undefined,
      ]);
      return { statistics, ports };
    },
    { signal },
  );
  if (!ports) return statistics;
  return { ...statistics, networks: await readGuestNetworks(definition, ports, signal) };
}
