import { join } from 'node:path';
import { sweepBuildDirectories } from '../../images/store/build-directory.ts';
import { keptDownloads, removeDownload } from '../../images/transfer/partial/kept-downloads.ts';
import { KeptGuests } from '../../template/kept/kept-guests.ts';
import { TemplateShelf } from '../../template/template-shelf.ts';
import { type Locations, placesOf } from '../../machine/paths/locations.ts';
import { sweepDeadOwners } from '../../machine/paths/runtime-directory.ts';
import { type UsageEntry, downloadEntries, keptEntries, keptName, unfinishedEntries } from './disk-usage.ts';
import { volumeStaging } from '../../machine/volume/volume-files.ts';
import { FileMeter } from '../../util/files/file-usage.ts';

/** Options of `pruneLeftovers`. */
export interface PruneLeftoversOptions {
  /** Only return the items, without removing them; false by default. */
  readonly dryRun?: boolean | undefined;
  /**
   * Names of the downloads and kept guests that may be removed; all by default. Unfinished files of killed processes are
   * always removed: many commands do that.
   */
  readonly only?: readonly string[] | undefined;
}

/**
 * Removes leftovers: interrupted downloads, which then start from the beginning, unfinished files of killed processes,
 * and kept guests. The next run then boots.
 * @returns the removed items, or with `dryRun` those that would be removed.
 */
export async function pruneLeftovers(
  locations: Locations,
  { dryRun = false, only }: PruneLeftoversOptions = {},
): Promise<readonly UsageEntry[]> {
  const meter = new FileMeter();
  const isWanted = (name: string): boolean => !only || only.includes(name);
  const isGoing = ({ name, active }: UsageEntry): boolean => !active && isWanted(name);
  const downloads = (await downloadEntries(locations, meter)).filter(isGoing);
  const unfinished = unfinishedEntries(locations, meter).filter(({ active }) => !active);
  const guests = new KeptGuests(locations);
  const kept = keptEntries(guests).filter(isGoing);
  if (dryRun) return [...downloads, ...unfinished, ...kept];
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
  return [...downloads.filter(({ name }) => removed.has(name)), ...unfinished, ...kept];
}
