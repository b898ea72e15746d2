import type { BigIntStats } from 'node:fs';
import { readFile, readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface LockHolder {
  readonly pid: number;
  /** The name of its program, at most 15 letters. */
  readonly name: string;
}

/**
 * Lists the processes that hold a lock on this file. QEMU's locks belong to open files, not to
 * processes, so /proc/locks does not name them; /proc/PID/fdinfo does, for processes that this user may inspect.
 */
export async function lockHolders(path: string): Promise<LockHolder[]> {
  // Compared by inode: a file may have several names.
  const target = await stat(path, { bigint: true }).catch(() => undefined);
  if (!target) return [];
  const holders: LockHolder[] = [];
  for (const pid of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    if (Number(pid) === process.pid) continue;
    if (await holdsLock(pid, target)) holders.push({ pid: Number(pid), name: await nameOf(pid) });
  }
  return holders;
}

async function holdsLock(pid: string, target: BigIntStats): Promise<boolean> {
  const directory = join('/proc', pid, 'fd');
  // Other users' processes cannot be inspected, and any process can exit at any time.
  for (const descriptor of await readdir(directory).catch(() => [])) {
    if (!(await isFile(join(directory, descriptor), target))) continue;
    const information = await readFile(join('/proc', pid, 'fdinfo', descriptor), 'latin1').catch(() => '');
    if (/^lock:/m.test(information)) return true;
  }
  return false;
}

async function isFile(descriptor: string, { dev, ino }: BigIntStats): Promise<boolean> {
  const name = await readlink(descriptor).catch(() => '');
  // Most descriptors are sockets and pipes, whose names do not begin with a slash.
  if (!name.startsWith('/')) return false;
  const found = await stat(descriptor, { bigint: true }).catch(() => undefined);
  return found?.dev === dev && found.ino === ino;
}

async function nameOf(pid: string): Promise<string> {
  // The process may have exited.
  return (await readFile(join('/proc', pid, 'comm'), 'utf8').catch(() => 'a process')).trim();
}
