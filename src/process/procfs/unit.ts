import { readFileSync } from 'node:fs';
import { unlessMissing } from '../../util/files/unless-missing.ts';

/** Returns whether systemd manages a process as part of this unit; undefined for a process that has ended. */
export function isInUnit(pid: number, unit: string): boolean | undefined {
  const cgroups = unlessMissing(() => readFileSync(`/proc/${pid}/cgroup`, 'utf8'), ['ENOENT', 'ESRCH']);
  return cgroups === undefined ? undefined : nameUnit(cgroups, unit);
}

/** Returns whether cgroups, as /proc/PID/cgroup lists them (cgroups(7)), are those of a unit, or below it. */
export function nameUnit(cgroups: string, unit: string): boolean {
  return cgroups.split('\n').some((line) => line.split('/').includes(unit));
}
