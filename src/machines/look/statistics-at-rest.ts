import { type ProcessTime, readHostUptime, readProcessTimeNow } from '../../machine/logs/process-usage.ts';
import type { MachineStatistics } from '../../machine/logs/statistics.ts';
import type { MachineStatus } from '../record/machine-status.ts';

/**
 * A QEMU whose guest sleeps uses a little, by its own timers and those of the guest. The little that such a guest reads,
 * writes and receives meanwhile is counted somewhat later.
 */
const LITTLE = { share: 0.01, atMostMs: 10_000 };
/** How exactly the start of a process follows from two clocks. */
const CLOCKS_MS = 1000;

/**
 * Returns the last reading with the present time when QEMU has used no processor time since, as nothing else has changed
 * either; also when it has used less than 1 % since a reading of at most ten seconds ago, then with its present processor
 * time. The counters of disks and networks are the same objects. Much cheaper than asking QEMU. Undefined when it must be
 * read again.
 * @param status of the machine now.
 */
export function statisticsAtRest(
  status: MachineStatus,
  last: MachineStatistics,
): MachineStatistics | undefined {
  const qemu = qemuTime(status);
  if (!qemu) return undefined;
  const readAt = Date.now();
  const usedMs = qemu.cpuMs - last.cpu.qemuMs;
  const sinceMs = readAt - last.readAt;
  if (usedMs !== 0 && (sinceMs > LITTLE.atMostMs || usedMs > LITTLE.share * sinceMs)) return undefined;
  const uptimeMs = Math.max(0, readHostUptime() - qemu.startedMs);
  const isSameProcess = Math.abs(readAt - uptimeMs - (last.readAt - last.uptimeMs)) < CLOCKS_MS;
  return isSameProcess ? { ...last, readAt, uptimeMs, cpu: { ...last.cpu, qemuMs: qemu.cpuMs } } : undefined;
}

/** Returns the processor time that QEMU has used; undefined when the machine does not run. */
export function qemuTime(status: MachineStatus): ProcessTime | undefined {
  return status.kind === 'running' && status.qemu ? readProcessTimeNow(status.qemu.pid) : undefined;
}
