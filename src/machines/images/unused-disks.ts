import { join } from 'node:path';
import type { Locations } from '../../machine/paths/locations.ts';
import { entriesOf } from '../../util/files/file-usage.ts';
import { removeFile } from '../../util/files/removal.ts';
import { finishedBases, isBaseName, removeBase } from '../disks/clone-bases.ts';
import { KEPT_MARK } from '../disks/kept-disks.ts';
import { findDiskUsers, userOfDisk } from './image-users.ts';

/**
 * Returns the paths of kept disks, and of bases of linked clones, that nothing uses but other disks in the list. A base
 * without a record stays: the file system of the machines that need it may not be mounted.
 */
export function unusedDisks(locations: Locations): string[] {
  const bases = new Set(finishedBases(locations));
  const candidates = entriesOf(locations.disks)
    .filter((name) => !name.endsWith(KEPT_MARK))
    .map((name) => ({ name, path: join(locations.disks, name) }))
    .filter(({ name, path }) => !isBaseName(name) || bases.has(path));
  const usersOf = findDiskUsers(locations);
  const unused = new Set<string>();
  for (let known = -1; known < unused.size;) {
    known = unused.size;
    const gone = new Set([...unused].map(userOfDisk));
    for (const { path } of candidates) if (usersOf(path).every((user) => gone.has(user))) unused.add(path);
  }
  return [...unused];
}

/** Removes disks that nothing uses, and bases that only they used. @param isWanted by the file's name. */
export function removeUnusedDisks(locations: Locations, isWanted: (path: string) => boolean): void {
  for (const path of unusedDisks(locations).filter(isWanted)) {
    removeBase(path, locations);
    removeFile(`${path}${KEPT_MARK}`);
  }
}
