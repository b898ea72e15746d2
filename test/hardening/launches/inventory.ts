import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import type { Locations } from '../../../src/machine/paths/locations.ts';
import { descendantsOf } from '../load/child-processes.ts';

/** Everything that a launch may leave in its process and on the host, by count. */
export interface Inventory {
  readonly processes: number;
  readonly descriptors: number;
  /** Handles and timers that keep the event loop alive, by kind. */
  readonly resources: Readonly<Record<string, number>>;
  readonly listeners: number;
  readonly directories: number;
}

export function takeInventory({ runtime, scratch }: Locations): Inventory {
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  return {
    processes: descendantsOf(process.pid).length,
    descriptors: openDescriptors(),
    resources,
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
    directories: [runtime, scratch].flatMap((path) => (existsSync(path) ? readdirSync(path) : [])).length,
  };
}

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      // The descriptor of this listing.
      return readlinkSync(`/proc/self/fd/${fd}`) !== `/proc/${process.pid}/fd`;
    } catch {
      return false;
    }
  }).length;
}

/** @returns a sentence for each count that has grown. */
export function whatIsMore(before: Inventory, after: Inventory): string[] {
  const kinds = ['processes', 'descriptors', 'listeners', 'directories'] as const;
  return [
    ...kinds
      .filter((kind) => after[kind] > before[kind])
      .map((kind) => `${kind}: ${before[kind]} before, ${after[kind]} after`),
    ...Object.entries(after.resources)
      .filter(([kind, count]) => count > (before.resources[kind] ?? 0))
      .map(([kind, count]) => `${kind}: ${before.resources[kind] ?? 0} before, ${count} after`),
  ];
}
