import { statSync } from 'node:fs';
import { InvalidInputError, isSystemError } from '../../errors/index.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import type { Definition } from '../record/definition.ts';
import type { Backing } from '../spec/machine-spec.ts';
import { diskPath } from './machine-plan.ts';

/**
 * Checks that the files of a machine's disks and CDs exist: QEMU would name neither the disk nor a way out.
 * @throws InvalidInputError
 */
export function requireDiskFiles({ spec, files }: Definition): void {
  for (const disk of spec.disks) {
    const path = diskPath(disk, files);
    const removal = `to start machine "${spec.name}" without the disk: vmlet disk rm ${spec.name} ${disk.name}`;
    if (isMissing(path)) {
      throw new InvalidInputError(disk.name, describeMissing(path), { hint: `restore the file; ${removal}` });
    }
    const backing = backingPaths(disk.backing).find(isMissing);
    if (backing !== undefined) {
      throw new InvalidInputError(disk.name, `${describeMissing(backing)} (${path} is based on it)`, {
        hint: `restore the file; ${removal}`,
      });
    }
  }
  for (const { name, path } of spec.cdroms) {
    if (path === undefined || !isMissing(path)) continue;
    throw new InvalidInputError(name, describeMissing(path), {
      hint: `restore the file; to start machine "${spec.name}" without the CD: vmlet cd eject ${spec.name} ${name}`,
    });
  }
}

/** True when there is no such file. One that this user cannot look for may exist. */
export function isMissing(path: string): boolean {
  try {
    return unlessMissing(() => statSync(path)) === undefined;
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  }
}

/** Returns the problem of a missing file in words. */
export function describeMissing(path: string): string {
  return `no such file: ${path}`;
}

function backingPaths(backing: Backing | undefined): string[] {
  return backing ? [backing.path, ...backingPaths(backing.backing)] : [];
}
