import { join } from 'node:path';
import { sweepBuildDirectories } from '../../images/store/build-directory.ts';
import { keptDownloads, removeDownload } from '../../images/transfer/partial/kept-downloads.ts';
import { KeptGuests } from '../../template/kept/kept-guests.ts';
import { TemplateShelf } from '../../template/template-shelf.ts';
import { type Locations, placesOf } from '../../machine/paths/locations.ts';
import { sweepDeadOwners } from '../../machine/paths/runtime-directory.ts';
import { type UsageEntry, downloadEntries, keptEntries, unfinishedEntries } from './disk-usage.ts';
import { volumeStaging } from '../../machine/volume/volume-files.ts';
import { FileMeter } from '../../util/files/file-usage.ts';

/**
 * Removes leftovers: interrupted downloads, which then start from the beginning, unfinished files of killed processes,
 * and kept guests. The next run then boots.
 * @returns the removed items, or with `dryRun` those that would be removed.
 */
export async function pruneLeftovers(
  locations: Locations,
  { dryRun = false }: { readonly dryRun?: boolean | undefined } = {},
): Promise<readonly UsageEntry[]> {
  const meter = new FileMeter();
  const downloads = (await downloadEntries(locations, meter)).filter(({ active }) => !active);
  const unfinished = unfinishedEntries(locations, meter).filter(({ active }) => !active);
  const guests = new KeptGuests(locations);
  const kept = keptEntries(guests).filter(({ active }) => !active);
  if (dryRun) return [...downloads, ...unfinished, ...kept];
  const removed = new Set<string>();
  for (const download of await keptDownloads(placesOf(locations).partials)) {
    if (await removeDownload(download)) removed.add(download.name);
  }
  sweepDeadOwners(locations.scratch);
  sweepDeadOwners(join(locations.machines, '.staging'));
  sweepDeadOwners(volumeStaging(locations));
  await new TemplateShelf(locations).sweep();
  await guests.prune({ all: true });
  await sweepBuildDirectories(locations.images);
  return [...downloads.filter(({ name }) => removed.has(name)), ...unfinished, ...kept];
}
