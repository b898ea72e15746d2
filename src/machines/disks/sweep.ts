import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { BrokenMachineError, MachineNotFoundError, isSystemError } from '../../errors/index.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { isPrivateDirectory } from '../../machine/paths/runtime-directory.ts';
import type { TextFile } from '../../util/files/atomic-file.ts';
import { basesOf, finishedBases } from './clone-bases.ts';
import { machineNames, readSpec } from '../record/definition.ts';
import { isKept } from './kept-disks.ts';
import type { MachineSpec } from '../spec/machine-spec.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import { removeFile, removeTree } from '../../util/files/removal.ts';

const MARK = 'store';

/** Says in a directory for logs or sockets whose machine it serves: several stores may share the one or the other. */
export function directoryMark(directory: string, { machines }: Locations): TextFile {
  return { path: join(directory, MARK), text: machines };
}

/**
 * Takes away what no machine has any more: bases whose clones are all gone, and logs and sockets of machines whose
 * directory somebody removed by other means. Where it cannot be known who has what, all stays for another time.
 */
export function sweepUnowned(locations: Locations): void {
  // Looked for before the machines are: those of a machine that comes now are not among them.
  const bases = finishedBases(locations);
  // In a shared temporary folder somebody else may have made the other.
  const parents = [locations.logs, ...(isPrivateDirectory(locations.runtime) ? [locations.runtime] : [])];
  const directories = parents.flatMap((parent) => markedDirectories(parent, locations));
  const specs = readAllSpecs(locations);
  if (!specs) return;
  const needed = new Set(specs.flatMap(({ disks }) => disks.flatMap((disk) => basesOf(disk, locations))));
  for (const base of bases) if (!needed.has(base) && !isKept(base)) removeFile(base);
  const ids = new Set(specs.map(({ id }) => id));
  for (const { id, path } of directories) if (!ids.has(id)) removeTree(path);
}

/** Undefined where one cannot be read, or comes or goes meanwhile: one that is being renamed may not be seen at all. */
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

function markIn(directory: string): string | undefined {
  return unlessMissing(() => readFileSync(join(directory, MARK), 'utf8'));
}

function entriesOf(directory: string): string[] {
  return unlessMissing(() => readdirSync(directory), ['ENOENT']) ?? [];
}
