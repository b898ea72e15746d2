import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Locations } from '../../machine/paths/locations.ts';
import { nameOfOwned, ownIdentity, ownerInName } from '../../machine/paths/runtime-directory.ts';
import { type ProcessIdentity, isAlive } from '../../process/procfs/identity.ts';
import type { StoredDisk } from '../spec/machine-spec.ts';
import { makeDirectories } from '../../util/files/make-directories.ts';
import { removeFile } from '../../util/files/removal.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';

/** Returns a name for a base of linked clones; the name has the process that creates it. */
export function newBase({ disks }: Locations): string {
  return join(disks, `base-${nameOfOwned(ownIdentity())}.qcow2`);
}

/**
 * Records a base beside the machines that will need it, before it is created. While their file system is not mounted, the
 * record is missing too, and the base stays.
 */
export function recordBase(base: string, { machines }: Locations): void {
  makeDirectories(recordsOf(machines));
  writeFileSync(join(recordsOf(machines), basename(base)), '', { mode: 0o600 });
}

/** Removes a base that nothing needs, and then its record: an interrupted removal is repeated. */
export function removeBase(base: string, { machines }: Locations): void {
  removeFile(base);
  removeFile(join(recordsOf(machines), basename(base)));
}

function recordsOf(machines: string): string {
  return join(machines, '.bases');
}

/**
 * Returns the bases that a disk is based on, directly and indirectly. Their names are unique: the disk may name the
 * directory by another path, such as one through a symbolic link.
 */
export function basesOf({ backing }: Pick<StoredDisk, 'backing'>, locations: Locations): string[] {
  if (!backing) return [];
  const name = basename(backing.path);
  const path = join(locations.disks, name);
  return [...(isBaseName(name) && existsSync(path) ? [path] : []), ...basesOf(backing, locations)];
}

/** True for the file of a base: other disks may be based on it. A kept disk of a machine "base" has another name. */
export function isBaseName(name: string): boolean {
  return creatorOf(name) !== undefined;
}

/** Returns all recorded bases, except for those of an unfinished clone. */
export function finishedBases({ disks, machines }: Locations): string[] {
  return (unlessMissing(() => readdirSync(recordsOf(machines)), ['ENOENT']) ?? [])
    .filter((name) => isBaseName(name) && !isBeingMade(name))
    .map((name) => join(disks, name));
}

function isBeingMade(name: string): boolean {
  const creator = creatorOf(name);
  return creator !== undefined && isAlive(creator);
}

/** Returns the process that the name of a base has; undefined for any other name. */
function creatorOf(name: string): ProcessIdentity | undefined {
  const [, owner = ''] = /^base-(.*)\.qcow2$/.exec(name) ?? [];
  return ownerInName(owner);
}
