import { readFile, readdir, readlink } from 'node:fs/promises';
import { isSystemError } from '../../errors/index.ts';

/** The kernel counts for user space in hundredths of a second on every architecture that QEMU's system emulation is built for (USER_HZ). */
const MS_PER_TICK = 10;

export interface ProcessTime {
  /** Milliseconds of processor time so far, in user and in kernel mode. */
  readonly cpuMs: number;
  /** Milliseconds from the host's boot to the start of the process. */
  readonly startedMs: number;
}

export interface ProcessMemory {
  /** Bytes in memory, those shared with other processes included. */
  readonly rssBytes: number;
  /** The same, each shared byte divided by the number of those who share it. */
  readonly pssBytes: number;
}

/** Fields 14, 15 and 22 of proc_pid_stat(5), whose second field may hold anything in its parentheses. */
export function parseProcessTime(stat: string): ProcessTime {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system, started] = [fields[11], fields[12], fields[19]].map(Number);
  return {
    cpuMs: ((user ?? 0) + (system ?? 0)) * MS_PER_TICK,
    startedMs: (started ?? 0) * MS_PER_TICK,
  };
}

/** Undefined for a process, or a thread of it, that is gone. */
export async function readProcessTime(pid: number, threadId?: number): Promise<ProcessTime | undefined> {
  const folder = threadId === undefined ? `/proc/${pid}` : `/proc/${pid}/task/${threadId}`;
  const stat = await unlessGone(readFile(`${folder}/stat`, 'latin1'));
  return stat === undefined ? undefined : parseProcessTime(stat);
}

/** Undefined for a process that is gone, and for one that hides itself, as passt does from other users than root. */
export async function readProcessMemory(pid: number): Promise<ProcessMemory | undefined> {
  const rollup = await unlessGone(readFile(`/proc/${pid}/smaps_rollup`, 'latin1'));
  if (rollup === undefined) return undefined;
  const kilobytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(rollup)?.[1] ?? 0);
  return { rssBytes: kilobytes('Rss') * 1024, pssBytes: kilobytes('Pss') * 1024 };
}

/** The tap interfaces that a process holds, as their descriptors say (the `iff:` of drivers/net/tun.c). */
export async function tapInterfacesOf(pid: number): Promise<string[]> {
  const names: string[] = [];
  for (const descriptor of (await unlessGone(readdir(`/proc/${pid}/fd`))) ?? []) {
    const target = await unlessGone(readlink(`/proc/${pid}/fd/${descriptor}`));
    if (target !== '/dev/net/tun') continue;
    const info = (await unlessGone(readFile(`/proc/${pid}/fdinfo/${descriptor}`, 'utf8'))) ?? '';
    const name = /^iff:\s*(\S+)$/m.exec(info)?.[1];
    if (name !== undefined) names.push(name);
  }
  return names;
}

async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) return undefined;
    throw error;
  }
}
