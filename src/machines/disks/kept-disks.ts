import { linkSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { extname, isAbsolute, join } from 'node:path';
import { isSystemError } from '../../errors/index.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { makeDirectories } from '../../util/files/make-directories.ts';
import { isSameFile } from '../../util/files/same-file.ts';
import { basesOf } from './clone-bases.ts';
import type { Definition } from '../record/definition.ts';
import { isMissing } from '../plan/disk-files.ts';
import { diskPath } from '../plan/machine-plan.ts';

/** Extension of the mark of a base that a kept disk needs. */
export const KEPT_MARK = '.kept';

/**
 * Gives each disk that is not temporary a second name before the machine is removed: after an interruption the data still
 * has one of the two.
 * @returns the new paths, and the clone bases that the disks are based on; these are kept from now on.
 */
export function keepDisks({ spec, files }: Definition, locations: Locations): string[] {
  // A disk whose file is missing can be removed too.
  const owned = spec.disks.filter(
    (disk) => disk.owned && !disk.temporary && !isMissing(diskPath(disk, files)),
  );
  if (owned.length > 0) makeDirectories(locations.disks);
  const bases = owned.flatMap((disk) => basesOf(disk, locations));
  for (const base of bases) writeFileSync(markOf(base), '', { mode: 0o600 });
  const disks = owned.map((disk) =>
    isAbsolute(disk.file)
      ? disk.file
      : keepDisk(diskPath(disk, files), locations, `${spec.name}-${disk.name}`),
  );
  return [...new Set([...disks, ...bases])];
}

/** Removes the second names that an interrupted removal left, since the disks are removed now. */
export function unkeepDisks({ spec, files }: Definition, locations: Locations): void {
  for (const disk of spec.disks.filter(({ owned, file }) => owned && !isAbsolute(file))) {
    const path = diskPath(disk, files);
    for (const name of keptNames(path, locations, `${spec.name}-${disk.name}`)) {
      const found = statSync(name, { throwIfNoEntry: false });
      if (!found) break;
      if (isSameFile(path, name)) unlinkSync(name);
    }
  }
}

/** True when a disk that outlived its machine needs the base. */
export function isKept(base: string): boolean {
  return statSync(markOf(base), { throwIfNoEntry: false }) !== undefined;
}

function markOf(base: string): string {
  return `${base}${KEPT_MARK}`;
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
