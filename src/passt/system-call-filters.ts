import { readProcess } from '../process/procfs/stat.ts';

/**
 * Whether a program of ours has put a filter of its own upon those that it was started with; true where the kernel
 * (before 5.9) or what hides its processes does not tell. Everybody may read it, also of a process that lets nobody look.
 */
export function filtersItsCalls(pid: number): boolean {
  const inherited = countFilters('self');
  return inherited === undefined || (countFilters(pid) ?? Infinity) > inherited;
}

/** Seccomp_filters of proc_pid_status(5). */
function countFilters(process: number | 'self'): number | undefined {
  const status = readProcess(`/proc/${process}/status`);
  const [, count] = /^Seccomp_filters:\s*(\d+)/m.exec(status ?? '') ?? [];
  return count === undefined ? undefined : Number(count);
}
