import type { DiskUsage, UsageEntry } from '../../index.ts';

/** The disk usage in the format of `--json`. */
export function usageRows(usage: DiskUsage) {
  return Object.entries(usage).map(([kind, entries]) => ({ kind, ...sumOf(entries), entries }));
}

export function sumOf(entries: readonly UsageEntry[]) {
  const sum = (field: 'apparentBytes' | 'hostBytes' | 'reclaimableBytes'): number =>
    entries.reduce((total, entry) => total + entry[field], 0);
  return {
    total: entries.length,
    active: entries.filter(({ active }) => active).length,
    apparentBytes: sum('apparentBytes'),
    hostBytes: sum('hostBytes'),
    reclaimableBytes: sum('reclaimableBytes'),
  };
}
