import { basename, join } from 'node:path';
import { sweepBuildDirectories } from '../../images/store/build-directory.ts';
import { keptDownloads, removeDownload } from '../../images/transfer/partial/kept-downloads.ts';
import { KeptGuests } from '../../template/kept/kept-guests.ts';
import { TemplateShelf } from '../../template/template-shelf.ts';
import { type Locations, placesOf } from '../../machine/paths/locations.ts';
import { sweepDeadOwners } from '../../machine/paths/runtime-directory.ts';
import {
  type UsageEntry,
  codeEntries,
  downloadEntries,
  keptDiskEntries,
  keptEntries,
  keptName,
  unfinishedEntries,
} from './disk-usage.ts';
import { removeUnusedDisks } from './unused-disks.ts';
import { volumeStaging } from '../../machine/volume/volume-files.ts';
import { CODE_DIRECTORY } from '../../util/files/compiled-code.ts';
import { FileMeter } from '../../util/files/file-usage.ts';
import { removeFile } from '../../util/files/removal.ts';

/** Options of `pruneLeftovers`. */
export interface PruneLeftoversOptions {
  /** Only return the items, without removing them; false by default. */
  readonly dryRun?: boolean | undefined;
  /**
   * Names of the downloads, kept guests and disks that may be removed; all by default. Unfinished files of killed processes
   * are always removed: many commands do that.
   */
  readonly only?: readonly string[] | undefined;
  /** Also delete the disks of removed machines that nothing uses; false by default. */
  readonly disks?: boolean | undefined;
}

/**
 * Removes leftovers: interrupted downloads, which then start from the beginning, unfinished files of killed processes,
 * compiled code of the command that was not used for 30 days, and kept guests. The next run then boots.
 * @returns the removed items, or with `dryRun` those that would be removed.
 */
export async function pruneLeftovers(
  locations: Locations,
  { dryRun = false, only, disks = false }: PruneLeftoversOptions = {},
): Promise<readonly UsageEntry[]> {
  const meter = new FileMeter();
  const isWanted = (name: string): boolean => !only || only.includes(name);
  const isGoing = ({ name, active }: UsageEntry): boolean => !active && isWanted(name);
  const downloads = (await downloadEntries(locations, meter)).filter(isGoing);
  const unfinished = unfinishedEntries(locations, meter).filter(({ active }) => !active);
  const guests = new KeptGuests(locations);
  const kept = keptEntries(guests).filter(isGoing);
  const code = codeEntries(locations, meter).filter(({ active }) => !active);
  const keptDisks = disks ? keptDiskEntries(locations, meter).filter(isGoing) : [];
  if (dryRun) return [...downloads, ...unfinished, ...kept, ...code, ...keptDisks];
  const removed = new Set<string>();
  for (const download of await keptDownloads(placesOf(locations).partials)) {
    if (isWanted(download.name) && (await removeDownload(download))) removed.add(download.name);
  }
  sweepDeadOwners(locations.scratch);
  sweepDeadOwners(locations.runtime);
  sweepDeadOwners(locations.sharedMemory);
  sweepDeadOwners(join(locations.machines, '.staging'));
  sweepDeadOwners(volumeStaging(locations));
  await new TemplateShelf(locations).sweep();
  await guests.removeWhere((guest) => isWanted(keptName(guest)));
  await sweepBuildDirectories(locations.images);
  for (const { name } of code) removeFile(join(locations.cache, CODE_DIRECTORY, name));
  if (disks) removeUnusedDisks(locations, (path) => isWanted(basename(path)));
  // Some stay, where other users can write to the directory.
  const left = new Set(unfinishedEntries(locations, meter).map(({ name }) => name));
  return [
    ...downloads.filter(({ name }) => removed.has(name)),
    ...unfinished.filter(({ name }) => !left.has(name)),
    ...kept,
    ...code,
    ...keptDisks,
  ];
}
