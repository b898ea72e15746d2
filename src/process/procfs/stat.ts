import { readFileSync } from 'node:fs';
import { unlessMissing, unlessMissingAsync } from '../../util/files/unless-missing.ts';

/** The fields of proc_pid_stat(5) that vmlet reads. Times are in ticks of USER_HZ. */
export interface ProcessStat {
  /** A letter: R is running, Z is a zombie, X is dead. */
  readonly state: string;
  readonly parentPid: number;
  readonly processGroup: number;
  /** The process group that may read its terminal; -1 without a terminal. */
  readonly foregroundGroup: number;
  readonly userTicks: number;
  readonly systemTicks: number;
  /** Ticks since the host's boot. */
  readonly startTicks: number;
}

/** A process that has ended, or one that hides itself from other users, as passt does. */
const GONE = ['ENOENT', 'ESRCH', 'EACCES', 'EPERM'];

/** Returns the text of a file in /proc; undefined if its process is gone or hidden. */
export function readProcess(path: string): string | undefined {
  return unlessGone(() => readFileSync(path, 'utf8'));
}

export function unlessGone<T>(look: () => T): T | undefined {
  return unlessMissing(look, GONE);
}

export async function unlessGoneAsync<T>(look: Promise<T>): Promise<T | undefined> {
  return unlessMissingAsync(look, GONE);
}

/** Returns undefined if the process is gone or hidden. */
export function readProcessStat(pid: number | string): ProcessStat | undefined {
  return parseProcessStat(readProcess(`/proc/${pid}/stat`) ?? '');
}

/** Returns undefined for incomplete text. */
export function parseProcessStat(stat: string): ProcessStat | undefined {
  // The second field is the command in parentheses, and may contain spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, parentPid, processGroup, foregroundGroup] = [fields[0], fields[1], fields[2], fields[5]];
  const [userTicks, systemTicks, startTicks] = [fields[11], fields[12], fields[19]];
  if (state === undefined || startTicks === undefined) return undefined;
  return {
    state,
    parentPid: Number(parentPid),
    processGroup: Number(processGroup),
    foregroundGroup: Number(foregroundGroup),
    userTicks: Number(userTicks),
    systemTicks: Number(systemTicks),
    startTicks: Number(startTicks),
  };
}
