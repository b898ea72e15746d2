import { readProcess } from '../process/procfs/stat.ts';

/**
 * @returns a function that reports whether a program of ours has added a filter to those that it inherited;
 * true if the kernel (before 5.9) or a hidden /proc does not tell. Every user may read it.
 */
export function filterWatch(pid: number): () => boolean {
  const inherited = countFilters('self');
  return () => inherited === undefined || (countFilters(pid) ?? Infinity) > inherited;
}

/** Seccomp_filters of proc_pid_status(5). */
function countFilters(process: number | 'self'): number | undefined {
  const status = readProcess(`/proc/${process}/status`);
  const [, count] = /^Seccomp_filters:\s*(\d+)/m.exec(status ?? '') ?? [];
  return count === undefined ? undefined : Number(count);
}
