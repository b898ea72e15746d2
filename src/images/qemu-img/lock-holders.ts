import type { BigIntStats } from 'node:fs';
import { readFile, readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The processes that have this file open and locked, as "NAME (pid PID)". QEMU's locks belong to open files and not
 * to processes, so /proc/locks does not name them; /proc/PID/fdinfo does, for the processes this user may look into.
 */
export async function lockHolders(path: string): Promise<string[]> {
  // The file and not its name: it may have several.
  const target = await stat(path, { bigint: true }).catch(() => undefined);
  if (!target) return [];
  const holders: string[] = [];
  for (const pid of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    if (Number(pid) === process.pid) continue;
    if (await holdsLock(pid, target)) holders.push(`${await nameOf(pid)} (pid ${pid})`);
  }
  return holders;
}

async function holdsLock(pid: string, target: BigIntStats): Promise<boolean> {
  const directory = join('/proc', pid, 'fd');
  // Processes of others may not be looked into, and any process can end at any time.
  for (const descriptor of await readdir(directory).catch(() => [])) {
    if (!(await isFile(join(directory, descriptor), target))) continue;
    const information = await readFile(join('/proc', pid, 'fdinfo', descriptor), 'latin1').catch(() => '');
    if (/^lock:/m.test(information)) return true;
  }
  return false;
}

async function isFile(descriptor: string, { dev, ino }: BigIntStats): Promise<boolean> {
  const name = await readlink(descriptor).catch(() => '');
  // Sockets and pipes, most of all descriptors, have other names.
  if (!name.startsWith('/')) return false;
  const found = await stat(descriptor, { bigint: true }).catch(() => undefined);
  return found?.dev === dev && found.ino === ino;
}

async function nameOf(pid: string): Promise<string> {
  // The process may be gone by now.
  return (await readFile(join('/proc', pid, 'comm'), 'utf8').catch(() => 'a process')).trim();
}
