import { type MachineStatistics, readStatistics } from '../../machine/logs/statistics.ts';
import type { Limits } from '../../util/time/deadline.ts';
import type { Definition } from '../record/definition.ts';
import { findPlan } from '../record/machine-plan-file.ts';
import { readStatus, notRunning } from '../record/machine-status.ts';
import { withMonitor } from '../channel/monitor.ts';

/** @throws MachineStateError, MachineEndedError, or the signal's reason. */
export async function readMachineStatistics(
  definition: Definition,
  limits: Limits,
): Promise<MachineStatistics> {
  const { spec, files } = definition;
  return withMonitor(
    definition,
    async (qmp) => {
      const status = readStatus(files);
      if (status.kind !== 'running' || !status.qemu) throw notRunning(spec.name, status.kind);
      return readStatistics({
        qmp,
        qemuPid: status.qemu.pid,
        helperPids: Object.values(status.helpers).map(({ pid }) => pid),
        // It may have ended meanwhile.
        hasTap: (findPlan(files)?.bridges.length ?? 0) > 0,
        now: Date.now(),
        signal: limits.signal,
      });
    },
    limits,
  );
}
