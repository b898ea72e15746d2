import type { GuestConfiguration } from '../../guest/agent/configuration.ts';
import type { Plan } from './plan.ts';

/** The parts of a plan that the agent mounts. */
export type MountPlans = Pick<Plan, 'shares' | 'volumes' | 'tmpfs'>;

/** Returns the agent's instructions, outer directories first. */
export function mountsOf({ shares, volumes, tmpfs }: MountPlans): NonNullable<GuestConfiguration['mounts']> {
  const mounts = [
    ...shares
      // The host's system has been the guest's root directory since the boot.
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
