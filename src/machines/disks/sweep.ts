import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { BrokenMachineError, MachineNotFoundError, isSystemError } from '../../errors/index.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { isPrivateDirectory } from '../../machine/paths/runtime-directory.ts';
import { basesOf, finishedBases, removeBase } from './clone-bases.ts';
import { machineNames, readSpec } from '../record/definition.ts';
import { isKept } from './kept-disks.ts';
import { markIn } from '../recovery/store-mark.ts';
import type { MachineSpec, StoredDisk } from '../spec/machine-spec.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import { removeTree } from '../../util/files/removal.ts';

/**
 * Removes files that no machine uses: bases without clones, and logs and sockets of machines whose directory was removed
 * by other means. If the users are uncertain, everything is kept for the next time. A base goes only if it is recorded
 * beside the machines, or one of the removed disks was based on it: the other machines may not be mounted.
 */
export function sweepUnowned(locations: Locations, removed: readonly StoredDisk[] = []): void {
  // Listed before the machines: files of a machine that is created now are not among them.
  const bases = [...finishedBases(locations), ...removed.flatMap((disk) => basesOf(disk, locations))];
  // In a shared temporary directory, another user may have created the other one.
  const parents = [locations.logs, ...(isPrivateDirectory(locations.runtime) ? [locations.runtime] : [])];
  const directories = parents.flatMap((parent) => markedDirectories(parent, locations));
  const specs = readAllSpecs(locations);
  if (!specs) return;
  const needed = new Set(specs.flatMap(({ disks }) => disks.flatMap((disk) => basesOf(disk, locations))));
  for (const base of bases) if (!needed.has(base) && !isKept(base)) removeBase(base, locations);
  const ids = new Set(specs.map(({ id }) => id));
  for (const { id, path } of directories) if (!ids.has(id)) removeTree(path);
}

/** Returns undefined when a spec cannot be read, or the list changes meanwhile: a machine being renamed may be missed. */
function readAllSpecs(locations: Locations): MachineSpec[] | undefined {
  const names = machineNames(locations);
  try {
    const specs = names.map((name) => readSpec(locations, name).spec);
    return machineNames(locations).join() === names.join() ? specs : undefined;
  } catch (error) {
    if (error instanceof BrokenMachineError || error instanceof MachineNotFoundError || isSystemError(error))
      return undefined;
    throw error;
  }
}

function markedDirectories(
  parent: string,
  { machines }: Locations,
): { readonly id: string; readonly path: string }[] {
  return entriesOf(parent)
    .filter((name) => /^[0-9a-f]{8}$/.test(name))
    .map((id) => ({ id, path: join(parent, id) }))
    .filter(({ path }) => markIn(path) === machines);
}

function entriesOf(directory: string): string[] {
  return unlessMissing(() => readdirSync(directory), ['ENOENT']) ?? [];
}
