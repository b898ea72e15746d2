import { linkSync, statSync, unlinkSync } from 'node:fs';
import { extname, isAbsolute, join } from 'node:path';
import { isSystemError } from '../../errors/index.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { makeDirectories } from '../../util/files/make-directories.ts';
import { removeFile } from '../../util/files/removal.ts';
import { markNeeded, needOf } from './base-needs.ts';
import { basesOf } from './clone-bases.ts';
import type { Definition } from '../record/definition.ts';
import { diskPath } from '../plan/machine-plan.ts';
import type { StoredDisk } from '../spec/machine-spec.ts';

/**
 * Gives each disk a second name before the machine is removed: after an interruption the data still has one of the two.
 * @returns the new paths, and the clone bases that the disks are based on; these are kept as long as the disks.
 */
export function keepDisks({ spec, files }: Definition, locations: Locations): string[] {
  const owned = spec.disks.filter((disk) => disk.owned);
  if (owned.length > 0) makeDirectories(locations.disks);
  const kept = owned.map((disk) => {
    const path = isAbsolute(disk.file)
      ? disk.file
      : keepDisk(diskPath(disk, files), locations, `${spec.name}-${disk.name}`);
    const bases = basesOf(disk, locations);
    for (const base of bases) markNeeded(base, path);
    return { path, bases };
  });
  return [...new Set([...kept.map(({ path }) => path), ...kept.flatMap(({ bases }) => bases)])];
}

/** Removes the second names that an interrupted removal left, since the disks are removed now. */
export function unkeepDisks({ spec, files }: Definition, locations: Locations): void {
  for (const disk of spec.disks.filter(({ owned, file }) => owned && !isAbsolute(file))) {
    const path = diskPath(disk, files);
    for (const name of keptNames(path, locations, `${spec.name}-${disk.name}`)) {
      const found = statSync(name, { throwIfNoEntry: false });
      if (!found) break;
      if (!isSameFile(path, name)) continue;
      forget(disk, name, locations);
      unlinkSync(name);
    }
  }
}

/** The file of an adopted disk was removed: its bases need not stay for it. */
export function forgetKept(disk: StoredDisk, locations: Locations): void {
  if (disk.owned && isAbsolute(disk.file)) forget(disk, disk.file, locations);
}

function forget(disk: StoredDisk, path: string, locations: Locations): void {
  for (const base of basesOf(disk, locations)) removeFile(needOf(base, path));
}

function keepDisk(path: string, locations: Locations, stem: string): string {
  for (const kept of keptNames(path, locations, stem)) {
    try {
      linkSync(path, kept);
      return kept;
    } catch (error) {
      if (!isSystemError(error, 'EEXIST')) throw error;
      // An earlier removal was interrupted here.
      if (isSameFile(path, kept)) return kept;
    }
  }
  throw new TypeError('unreachable');
}

function* keptNames(path: string, locations: Locations, stem: string): Generator<string> {
  const extension = extname(path) || '.img';
  for (let number = 1; ; number++) {
    yield join(locations.disks, number === 1 ? `${stem}${extension}` : `${stem}-${number}${extension}`);
  }
}

function isSameFile(one: string, other: string): boolean {
  const [first, second] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  return first !== undefined && first.ino === second?.ino && first.dev === second.dev;
}
