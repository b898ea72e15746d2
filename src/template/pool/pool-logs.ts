import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Locations } from '../../machine/paths/locations.ts';
import { removeFile } from '../../util/files/removal.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';

/** Until then, someone may want to know why a pool has failed. */
const OLD_MS = 7 * 24 * 60 * 60 * 1000;
const ENDING = '.log';

type Place = Pick<Locations, 'state'>;

export function poolLogPath(place: Place, name: string): string {
  return join(directoryOf(place), `${name}${ENDING}`);
}

/**
 * Removes logs that pools have left which ended by themselves, with the host or by a kill, a week after their last line.
 * @param running names of the pools whose logs stay.
 */
export function removeOldPoolLogs(place: Place, running: readonly string[]): void {
  const before = Date.now() - OLD_MS;
  for (const file of unlessMissing(() => readdirSync(directoryOf(place)), ['ENOENT']) ?? []) {
    if (!file.endsWith(ENDING) || running.includes(file.slice(0, -ENDING.length))) continue;
    const path = join(directoryOf(place), file);
    const log = statSync(path, { throwIfNoEntry: false });
    if (log && log.mtimeMs < before) removeFile(path);
  }
}

function directoryOf({ state }: Place): string {
  return join(state, 'pools');
}
