import { readProcessStat } from '../process/procfs/stat.ts';

/** True when this process may read its terminal. The kernel stops one in the background that tries. */
export function isInForeground(): boolean {
  const stat = readProcessStat('self');
  return stat !== undefined && stat.processGroup === stat.foregroundGroup;
}
