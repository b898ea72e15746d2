import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { holdFreeLock } from '../../../process/lock/transient-lock.ts';
import { Scope } from '../../../util/scope.ts';
import { lockHolders } from '../../qemu-img/lock-holders.ts';
import { entriesOf } from '../../store/store.ts';
import { unlessMissingAsync } from '../../../util/files/unless-missing.ts';

/** Names of a download's files: data, description and lock. */
const NAME = /^(?<stem>.+)\.(?:part|json|lock)(?:(?:\.\d+){1,2}\.new)?$/;
/** A download that was not resumed by then is most likely no longer wanted. */
const OLD_MS = 7 * 24 * 60 * 60 * 1000;

/** A download that is running or was interrupted. */
export interface KeptDownload {
  readonly name: string;
  /** Absolute paths. */
  readonly files: readonly string[];
  /** Locked while it runs. */
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

export async function isRunning({ lock }: KeptDownload): Promise<boolean> {
  return (await lockHolders(lock)).length > 0;
}

/** Removes an interrupted download. @returns false for one that is running, which is kept. */
export async function removeDownload({ files, lock }: KeptDownload): Promise<boolean> {
  await using scope = new Scope();
  // The lock's file is removed with the scope.
  if (!(await holdFreeLock(lock, scope))) return false;
  for (const file of files.filter((file) => file !== lock)) await rm(file, { force: true });
  return true;
}

/** Removes downloads that were interrupted more than a week ago. Running downloads are kept. */
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
  // A running download may have moved it.
  return (await unlessMissingAsync(stat(file)))?.mtimeMs ?? Infinity;
}
