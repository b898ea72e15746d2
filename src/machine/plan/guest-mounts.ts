import type { GuestConfiguration } from '../../guest/agent/configuration.ts';
import type { Plan } from './plan.ts';

/** The parts of a plan that the agent mounts. */
export type MountPlans = Pick<Plan, 'shares' | 'volumes' | 'tmpfs'>;

/** Whether the host's system becomes the guest's root directory while it runs: its device has a port then. */
export function switchesToHost({ shares }: Pick<Plan, 'shares'>): boolean {
  return shares.some(({ shows, port }) => shows !== undefined && port !== undefined);
}

/** Returns the agent's instructions, outer directories first. */
export function mountsOf({ shares, volumes, tmpfs }: MountPlans): NonNullable<GuestConfiguration['mounts']> {
  const mounts = [
    ...shares
      // The host's system is the guest's root directory already.
      .filter(({ shows }) => shows === undefined)
      .map(({ tag, target, readOnly, cache }) => ({
        tag,
        path: target,
        readOnly,
        // A guest without a cache knows nothing that it could forget; one that trusts its cache was asked to.
        fresh: cache === 'auto',
      })),
    ...volumes.map(({ disk, target, readOnly }) => {
      return { kind: 'disk', tag: disk.nodeName, path: target, readOnly } as const;
    }),
    ...tmpfs.map(({ options, target, readOnly }) => {
      return { kind: 'memory', tag: options, path: target, readOnly } as const;
    }),
  ];
  return mounts.sort((one, other) => one.path.length - other.path.length);
}
