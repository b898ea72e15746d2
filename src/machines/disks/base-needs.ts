import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Locations } from '../../machine/paths/locations.ts';
import { removeFile } from '../../util/files/removal.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';

/**
 * Beside a base of linked clones, a file for each disk that outlived its machine and is based on it. One for each, since
 * several commands may keep and remove disks at once. The disk itself cannot tell: it may be moved to another directory.
 */
const ENDING = '.kept';

/** Returns the file that says that the disk at this path needs the base. */
export function needOf(base: string, disk: string): string {
  return `${base}.${createHash('sha256').update(disk).digest('hex').slice(0, 16)}${ENDING}`;
}

export function markNeeded(base: string, disk: string): void {
  writeFileSync(needOf(base, disk), disk, { mode: 0o600 });
}

export function isNeedName(name: string): boolean {
  return name.endsWith(ENDING);
}

/** True when a disk that outlived its machine may need the base. A disk that was removed by hand may also have been moved. */
export function isNeeded(base: string): boolean {
  return needsOf(base).length > 0;
}

/** True when such a disk is where it was kept. */
export function isNeededInPlace(base: string): boolean {
  return needsOf(base).some((need) => {
    const disk = unlessMissing(() => readFileSync(need, 'utf8'));
    return disk !== undefined && disk !== '' && existsSync(disk);
  });
}

/** Removes what is known of bases that were removed by hand. */
export function forgetMissingBases({ disks }: Locations): void {
  const names = namesIn(disks);
  for (const need of names.filter(isNeedName)) {
    if (!names.some((name) => !isNeedName(name) && need.startsWith(`${name}.`)))
      removeFile(join(disks, need));
  }
}

function needsOf(base: string): string[] {
  return namesIn(dirname(base))
    .filter((name) => isNeedName(name) && name.startsWith(`${basename(base)}.`))
    .map((name) => join(dirname(base), name));
}

function namesIn(directory: string): string[] {
  return unlessMissing(() => readdirSync(directory), ['ENOENT']) ?? [];
}
