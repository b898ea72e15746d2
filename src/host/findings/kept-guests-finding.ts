import { LEAST_KEPT_BYTES, RESERVE_BYTES } from '../../util/files/file-system.ts';
import type { Finding } from './finding.ts';
import { formatBytes } from '../../util/format-bytes.ts';
import type { Surroundings } from './surroundings.ts';

/** Memory of a small guest, and the space that has to stay free beside it. */
const KEPT_GUEST_BYTES = RESERVE_BYTES + 256 * 1024 * 1024;

/** Returns the finding about the cache of booted guests. */
export function keptGuestsFinding({
  cacheDirectory: { path, freeBytes, isOnNetwork },
  keptGuests,
}: Surroundings): Finding {
  const item = 'kept-guests';
  if ('problem' in keptGuests) {
    return {
      item,
      state: 'degraded',
      summary: `vmlet run fails without --fresh: ${keptGuests.problem}`,
      remedy: keptGuests.remedy,
    };
  }
  const { bytes, bytesFrom, days, daysFrom } = keptGuests;
  const zero = bytes === 0 && bytesFrom !== undefined ? bytesFrom : days === 0 ? daysFrom : undefined;
  if (zero !== undefined) {
    return { item, state: 'works', summary: `vmlet run keeps no booted guests, because ${zero} is 0` };
  }
  if (bytes < LEAST_KEPT_BYTES) {
    const what = bytesFrom ?? `a tenth of the file system of ${path}`;
    return {
      item,
      state: 'degraded',
      summary: `vmlet run keeps no booted guests, because ${what} is less than ${formatBytes(LEAST_KEPT_BYTES)}`,
      remedy:
        bytesFrom === undefined
          ? 'set XDG_CACHE_HOME to a directory on a larger file system, or VMLET_KEPT_SIZE'
          : 'set it to the space for one or more guests, such as 5G, or to 0 to keep none',
    };
  }
  if (isOnNetwork) {
    return {
      item,
      state: 'degraded',
      summary: `vmlet run cannot keep booted guests for later runs, because ${path} is on a network file system`,
      remedy: 'set XDG_CACHE_HOME to a directory on a disk of this host',
    };
  }
  if (freeBytes < KEPT_GUEST_BYTES) {
    return {
      item,
      state: 'degraded',
      summary: `vmlet run cannot keep booted guests for later runs, because only ${formatBytes(freeBytes)} is free in ${path}`,
      remedy: `keeping a small booted guest requires ${formatBytes(KEPT_GUEST_BYTES)}; free some space, or set XDG_CACHE_HOME to a directory on another file system`,
    };
  }
  const size = `${formatBytes(bytes)}${setBy(bytesFrom)}`;
  const age = `${days} ${days === 1 ? 'day' : 'days'}${setBy(daysFrom)}`;
  return {
    item,
    state: 'works',
    summary: `vmlet run keeps booted guests in ${path}, up to ${size} and for ${age}; later runs start from them instead of booting`,
  };
}

function setBy(source: string | undefined): string {
  return source === undefined ? '' : ` (${source})`;
}
