import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { lockHolders } from '../images/lock-holders.ts';
import { keeperProgram } from '../machine/package-files.ts';
import { holdFileLock } from '../process/file-lock.ts';
import { Scope } from '../util/scope.ts';
import { entriesOf } from './file-usage.ts';

/** What a download keeps beside each other, and the lock of whoever downloads it just now. */
const NAME = /^(?<stem>.+)\.(?:part|json|lock)(?:\.\d+\.new)?$/;

/** A download that was interrupted, or goes on. */
export interface KeptDownload {
  readonly name: string;
  /** All of them absolute. */
  readonly files: readonly string[];
  /** Held while it goes on. */
  readonly lock: string;
}

export function keptDownloads(directory: string): KeptDownload[] {
  const stems = new Map<string, string[]>();
  for (const name of entriesOf(directory)) {
    const stem = NAME.exec(name)?.groups?.['stem'];
    if (stem !== undefined) stems.set(stem, [...(stems.get(stem) ?? []), join(directory, name)]);
  }
  return [...stems].map(([name, files]) => ({ name, files, lock: join(directory, `${name}.lock`) }));
}

export async function goesOn({ lock }: KeptDownload): Promise<boolean> {
  return (await lockHolders(lock)).length > 0;
}

/** @returns false for one that goes on, which stays. */
export async function removeDownload({ files, lock }: KeptDownload): Promise<boolean> {
  await using scope = new Scope();
  const held = await holdFileLock(keeperProgram(), lock, scope);
  // One that ended just now has removed the file, and the next has made another: the lock that we got says nothing.
  if (!held || held.inode !== statSync(lock, { throwIfNoEntry: false })?.ino) return false;
  for (const file of [...files.filter((file) => file !== lock), lock]) rmSync(file, { force: true });
  return true;
}
