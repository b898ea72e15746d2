import { type ProcessTime, readHostUptime, readProcessTimeNow } from '../../machine/logs/process-usage.ts';
import type { MachineStatistics } from '../../machine/logs/statistics.ts';
import type { MachineStatus } from '../record/machine-status.ts';

/** How exactly the start of a process follows from two clocks. */
const CLOCKS_MS = 1000;

/**
 * Returns the last reading with the present time when QEMU has used no processor time since: nothing else has changed
 * either. Much cheaper than asking QEMU. Undefined when it must be read again.
 * @param status of the machine now.
 */
export function statisticsAtRest(
  status: MachineStatus,
  last: MachineStatistics,
): MachineStatistics | undefined {
  const qemu = qemuTime(status);
  if (qemu?.cpuMs !== last.cpu.qemuMs) return undefined;
  const readAt = Date.now();
  const uptimeMs = Math.max(0, readHostUptime() - qemu.startedMs);
  const isSameProcess = Math.abs(readAt - uptimeMs - (last.readAt - last.uptimeMs)) < CLOCKS_MS;
  return isSameProcess ? { ...last, readAt, uptimeMs } : undefined;
}

/** Returns the processor time that QEMU has used; undefined when the machine does not run. */
export function qemuTime(status: MachineStatus): ProcessTime | undefined {
  return status.kind === 'running' && status.qemu ? readProcessTimeNow(status.qemu.pid) : undefined;
}
