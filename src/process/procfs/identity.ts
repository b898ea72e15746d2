import { readFileSync } from 'node:fs';
import { isSystemError } from '../../errors/index.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import { parseProcessStat } from './stat.ts';

/**
 * Names one process for as long as the host is up: a pid alone is used again, a pid with its start time is not.
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

/** The identity of a living process, or undefined. A zombie is dead: some init processes reap late. */
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

export function killProcess({ pid }: ProcessIdentity): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It ended just now.
    if (!isSystemError(error, 'ESRCH')) throw error;
  }
}
