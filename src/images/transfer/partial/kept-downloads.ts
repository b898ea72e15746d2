import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { holdFreeLock } from '../../../process/lock/transient-lock.ts';
import { Scope } from '../../../util/scope.ts';
import { lockHolders } from '../../qemu-img/lock-holders.ts';
import { entriesOf } from '../../store/store.ts';
import { unlessMissingAsync } from '../../../util/files/unless-missing.ts';

/** What a download keeps beside each other, and the lock of whoever downloads it just now. */
const NAME = /^(?<stem>.+)\.(?:part|json|lock)(?:\.\d+\.new)?$/;
/** Who has not taken one up again by then has got the image elsewhere, or does not want it any more. */
const OLD_MS = 7 * 24 * 60 * 60 * 1000;

/** A download that was interrupted, or goes on. */
export interface KeptDownload {
  readonly name: string;
  /** All of them absolute. */
  readonly files: readonly string[];
  /** Held while it goes on. */
  readonly lock: string;
}

export async function keptDownloads(directory: string): Promise<KeptDownload[]> {
  const stems = new Map<string, string[]>();
  for (const name of await entriesOf(directory)) {
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
  // The lock's file goes with the lock.
  if (!(await holdFreeLock(lock, scope))) return false;
  for (const file of files.filter((file) => file !== lock)) await rm(file, { force: true });
  return true;
}

/** Removes what was interrupted a week ago, or before that. What goes on stays, however long it takes. */
export async function removeOldDownloads(directory: string): Promise<void> {
  const before = Date.now() - OLD_MS;
  for (const download of await keptDownloads(directory)) {
    if ((await lastChangeMs(download)) < before) await removeDownload(download);
  }
}

async function lastChangeMs({ files }: KeptDownload): Promise<number> {
  return Math.max(...(await Promise.all(files.map(changeMs))));
}

async function changeMs(file: string): Promise<number> {
  // A download that is running has moved it.
  return (await unlessMissingAsync(stat(file)))?.mtimeMs ?? Infinity;
}
