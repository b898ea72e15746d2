import { readProcessStat } from '../../../src/process/procfs/stat.ts';

export const TICKS_A_SECOND = 100;

/** Returns the processor time of a live process, in ticks. @throws Error if it has ended. */
export function ticksOf(pid: number): number {
  const stat = readProcessStat(pid);
  if (!stat) throw new Error(`process ${pid} has ended`);
  return stat.userTicks + stat.systemTicks;
}
