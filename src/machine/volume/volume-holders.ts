import { dirname } from 'node:path';
import { type LockHolder, lockHolders } from '../../images/qemu-img/lock-holders.ts';
import { readProcess, readProcessStat } from '../../process/procfs/stat.ts';
import { describeThrowAway, processesUsing } from './volume.ts';
import { volumeFilesIn } from './volume-files.ts';

/**
 * Describes those who have locked a volume's disk. Locks belong to QEMU processes, but users know their machines: a named
 * one by its name, and a throw-away one by the process that started it.
 */
export async function describeHolders(disk: string): Promise<string[]> {
  const owners = processesUsing(volumeFilesIn(dirname(disk)).users);
  const holders = await lockHolders(disk);
  return [...new Set(holders.map((holder) => describeHolder(holder, owners)))];
}

function describeHolder({ pid, name }: LockHolder, owners: readonly number[]): string {
  const owner = ancestorAmong(pid, owners);
  if (owner !== undefined) return describeThrowAway(owner);
  const machine = machineOf(pid);
  return machine === undefined ? `${name} (pid ${pid})` : `machine "${machine}"`;
}

function ancestorAmong(pid: number, owners: readonly number[]): number | undefined {
  const parent = readProcessStat(pid)?.parentPid;
  if (parent === undefined || parent === 0) return undefined;
  return owners.includes(parent) ? parent : ancestorAmong(parent, owners);
}

/** The kernel cuts the name of a process after 15 letters; QEMU's command line has all of the machine's. */
function machineOf(pid: number): string | undefined {
  const words = readProcess(`/proc/${pid}/cmdline`)?.split('\0') ?? [];
  return /^guest=([^,]+),process=vmlet-/.exec(words[words.indexOf('-name') + 1] ?? '')?.[1];
}
