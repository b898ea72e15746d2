import { readFileSync } from 'node:fs';
import { isSystemError } from '../../errors/index.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import { parseProcessStat } from './stat.ts';

/**
 * Identifies one process until the host reboots: a PID can be reused, a PID with its start time cannot.
 * `startTime` is field 22 of /proc/PID/stat, in clock ticks since boot (proc_pid_stat(5)).
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTime: number;
  readonly bootId: string;
}

let knownBootId: string | undefined;

export function currentBootId(): string {
  knownBootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return knownBootId;
}

/**
 * Returns the identity of a living process, or undefined. A zombie counts as dead: some init processes reap
 * late.
 */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  // Not `readProcess`: a process that hides itself is alive.
  const text = unlessMissing(() => readFileSync(`/proc/${pid}/stat`, 'latin1'), ['ENOENT', 'ESRCH']);
  const stat = parseProcessStat(text ?? '');
  if (!stat || stat.state === 'Z' || stat.state === 'X') return undefined;
  return { pid, startTime: stat.startTicks, bootId: currentBootId() };
}

export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.bootId !== currentBootId()) return false;
  return identifyProcess(identity.pid)?.startTime === identity.startTime;
}

/** @returns false when that process is gone: its PID may have been reused, so nothing was sent. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch (error) {
    // It has just ended.
    if (isSystemError(error, 'ESRCH')) return false;
    throw error;
  }
}
