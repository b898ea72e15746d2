import { existsSync } from 'node:fs';
import {
  ImageLockedError,
  InvalidInputError,
  NoSpaceError,
  PermissionError,
  type VmletError,
} from '../../errors/index.ts';
import { lockHolders } from './lock-holders.ts';

/**
 * Translates the message of QEMU or qemu-img about an unusable image into an error; undefined for other messages.
 * @param words the whole message. Over QMP it does not name the locked file.
 * @param paths the files that it may be about: the image first, then its backing files.
 */
export async function imageFailure(
  words: string,
  paths: readonly [string, ...string[]],
  cause: unknown,
): Promise<VmletError | undefined> {
  const [image] = paths;
  if (/Failed to get .* lock|Failed to lock byte/.test(words)) {
    const said = /Is another process using the image \[(.*)\]\?/s.exec(words)?.[1];
    const { path, holders } = await findLocked(said === undefined ? paths : [said]);
    return new ImageLockedError(path, holders, {
      hint: 'stop the machine or process that uses this file, then try again',
      cause,
    });
  }
  if (/No space left on device|Disk quota exceeded/.test(words)) {
    return new NoSpaceError(`no space left on device: ${image}`, { cause });
  }
  // The last file that it names is the missing one.
  const [, missing] = /.*Could not open '(.+)': No such file or directory/.exec(words) ?? [];
  if (missing !== undefined) {
    // The image may also be one that the command creates.
    const isBase = missing !== image && words.includes('backing file');
    const dependent = isBase && existsSync(image) ? ` (${image} is based on it)` : '';
    return new InvalidInputError('disk', `no such file: ${missing}${dependent}`, {
      hint: 'restore the file',
      cause,
    });
  }
  if (/Read-only file system/.test(words)) {
    return new PermissionError(`read-only file system: ${image}`, {
      hint: 'copy the file to a writable file system, or attach it as a read-only disk: FILE,readonly',
      cause,
    });
  }
  if (/Permission denied/.test(words)) {
    return new PermissionError(`permission denied: ${image}`, {
      hint: 'check the permissions of the file and of its directory',
      cause,
    });
  }
  return undefined;
}

async function findLocked(
  paths: readonly [string, ...string[]],
): Promise<{ readonly path: string; readonly holders: readonly string[] }> {
  for (const path of paths) {
    const holders = await lockHolders(path);
    if (holders.length > 0) return { path, holders: holders.map(({ pid, name }) => `${name} (pid ${pid})`) };
  }
  return { path: paths[0], holders: [] };
}
