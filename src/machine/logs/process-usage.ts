import { readFileSync } from 'node:fs';
import { readFile, readdir, readlink } from 'node:fs/promises';
import { parseProcessStat, readProcess, unlessGoneAsync } from '../../process/procfs/stat.ts';

/**
 * The kernel reports processor time in hundredths of a second on every architecture of QEMU's system
 * emulation (USER_HZ).
 */
const MS_PER_TICK = 10;

export interface ProcessTime {
  /** Milliseconds of processor time so far, in user and in kernel mode. */
  readonly cpuMs: number;
  /** Milliseconds from the host's boot to the start of the process. */
  readonly startedMs: number;
}

export interface ProcessMemory {
  /** Resident bytes, including pages shared with other processes. */
  readonly rssBytes: number;
  /** Proportional bytes: each shared page is divided by the number of processes that share it. */
  readonly pssBytes: number;
}

/** Returns undefined for a process or thread that is gone. */
export async function readProcessTime(pid: number, threadId?: number): Promise<ProcessTime | undefined> {
  const folder = threadId === undefined ? `/proc/${pid}` : `/proc/${pid}/task/${threadId}`;
  return timeOf(await unlessGoneAsync(readFile(`${folder}/stat`, 'latin1')));
}

/** Returns undefined for a process that is gone. */
export function readProcessTimeNow(pid: number): ProcessTime | undefined {
  return timeOf(readProcess(`/proc/${pid}/stat`));
}

function timeOf(text: string | undefined): ProcessTime | undefined {
  const stat = parseProcessStat(text ?? '');
  return (
    stat && {
      cpuMs: (stat.userTicks + stat.systemTicks) * MS_PER_TICK,
      startedMs: stat.startTicks * MS_PER_TICK,
    }
  );
}

/** Milliseconds since the host's boot. */
export function readHostUptime(): number {
  const [seconds = '0'] = readFileSync('/proc/uptime', 'latin1').split(' ');
  return Math.round(Number(seconds) * 1000);
}

/**
 * Returns undefined for a process that is gone or not readable; passt hides itself from all users but root.
 */
export async function readProcessMemory(pid: number): Promise<ProcessMemory | undefined> {
  const rollup = await unlessGoneAsync(readFile(`/proc/${pid}/smaps_rollup`, 'latin1'));
  if (rollup === undefined) return undefined;
  const kilobytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(rollup)?.[1] ?? 0);
  return { rssBytes: kilobytes('Rss') * 1024, pssBytes: kilobytes('Pss') * 1024 };
}

/**
 * Returns the tap interfaces that a process has open, according to its descriptors (`iff:` of
 * drivers/net/tun.c).
 */
export async function tapInterfacesOf(pid: number): Promise<string[]> {
  const names: string[] = [];
  for (const descriptor of (await unlessGoneAsync(readdir(`/proc/${pid}/fd`))) ?? []) {
    const target = await unlessGoneAsync(readlink(`/proc/${pid}/fd/${descriptor}`));
    if (target !== '/dev/net/tun') continue;
    const info = (await unlessGoneAsync(readFile(`/proc/${pid}/fdinfo/${descriptor}`, 'utf8'))) ?? '';
    const name = /^iff:\s*(\S+)$/m.exec(info)?.[1];
    if (name !== undefined) names.push(name);
  }
  return names;
}
