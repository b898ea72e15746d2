import { ImageLockedError, NoSpaceError, PermissionError, type VmletError } from '../../errors/index.ts';
import { lockHolders } from './lock-holders.ts';

/**
 * What QEMU or qemu-img said of an image that it could not use, as an error; undefined for what is not known here.
 * @param words all that it said. Over QMP it does not name the file that is locked.
 * @param paths what it may be about: the image first, then what that stands on.
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
      hint: 'Stop the machine that uses it, or work on an overlay of your own.',
      cause,
    });
  }
  if (/No space left on device|Disk quota exceeded/.test(words)) {
    return new NoSpaceError(`the disk is full: there is no room for ${image}`, { cause });
  }
  if (/Permission denied|Read-only file system/.test(words)) {
    return new PermissionError(`${image} may not be used in this way by this user`, {
      hint: 'See who owns it and its directory.',
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
    if (holders.length > 0) return { path, holders };
  }
  return { path: paths[0], holders: [] };
}
