import type { Locations } from '../../../machine/paths/locations.ts';
import { publishNetworks } from '../../../network/private/members.ts';
import { withNetworksLock } from '../../../network/private/network-shelf.ts';
import type { Definition } from '../../record/definition.ts';
import { networksOf } from '../../record/network-members.ts';

/** Gives the switches of a machine's networks its address before it is plugged in. */
export async function announceMember(
  locations: Locations,
  { spec }: Definition,
  signal: AbortSignal | undefined,
): Promise<void> {
  const networks = networksOf(spec);
  if (networks.length === 0) return;
  await withNetworksLock(locations.networks, { signal }, async () =>
    publishNetworks(locations, networks, { signal }),
  );
}

/** Tells the running members of a machine's networks about it, once it runs. */
export async function tellMembers(
  locations: Locations,
  { spec }: Definition,
  signal: AbortSignal | undefined,
): Promise<void> {
  const networks = networksOf(spec);
  if (networks.length === 0) return;
  // Most machines have no private network.
  const { tellNetworks } = await import('../../../machine/network/tell-members.ts');
  await tellNetworks(locations, networks, signal);
}
