import { join } from 'node:path';
import type { Locations } from '../../machine/paths/locations.ts';
import { joinNetworks, publishNetworks, writeSwitchTable } from '../../network/private/members.ts';
import type { Membership, WantedMembership } from '../../network/private/membership.ts';
import { withNetworksLock } from '../../network/private/network-shelf.ts';
import { holdFileLock } from '../../process/lock/file-lock.ts';
import type { Limits } from '../../util/time/deadline.ts';
import { Scope } from '../../util/scope.ts';
import { definitionFiles } from '../record/machine-files.ts';
import { discardDirectory } from '../record/staging.ts';

/** A machine that is about to be a member of networks. */
export interface NewMember {
  readonly name: string;
  readonly memberships: readonly WantedMembership[];
  /** The directory in which it was made. */
  readonly staging: string;
  /** The directory that contains `staging`. */
  readonly workshop: string;
}

/**
 * Gives a new machine its addresses, moves it into place with `place`, and tells the switches. A switch that does not
 * answer has no port for it: then the machine does not exist. Until that is decided, the new machine is locked.
 * @returns the result of `place`.
 * @throws what `joinNetworks`, `publishNetworks` and `place` throw.
 */
export async function placeMember<Placed>(
  locations: Locations,
  { name, memberships, staging, workshop }: NewMember,
  limits: Limits,
  place: (networks: Membership[]) => Placed,
): Promise<Placed> {
  return await withNetworksLock(locations.networks, limits, async () => {
    const networks = joinNetworks(locations, name, memberships);
    const names = networks.map(({ network }) => network);
    await using scope = new Scope();
    // The lock moves with its file.
    await holdFileLock(definitionFiles(staging).lock, scope);
    const placed = place(networks);
    try {
      await publishNetworks(locations, names);
    } catch (error) {
      discardDirectory(join(locations.machines, name), workshop);
      for (const network of names) writeSwitchTable(locations, network);
      throw error;
    }
    return placed;
  });
}
