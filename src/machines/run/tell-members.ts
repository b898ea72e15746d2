import { VmletError, isSystemError } from '../../errors/index.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { withNetworksLock } from '../../network/private/network-shelf.ts';
import { withinLimits } from '../../util/time/deadline.ts';
import { attachAgent } from '../channel/agent.ts';
import { readGuestPorts } from '../channel/guest-ports.ts';
import { tellNames } from '../channel/network-names.ts';
import { type Definition, readDefinition } from '../record/definition.ts';
import { readStatus } from '../record/machine-status.ts';
import { membersOf, publishNetworks } from '../../network/private/members.ts';
import { networksOf } from '../record/network-members.ts';

/** Time for one guest to answer and to write its hosts file; it may hang. */
const PATIENCE_MS = 5000;

/** Gives the switches of a machine's networks its address before it is plugged in. */
export async function announceMember(
  locations: Locations,
  { spec }: Definition,
  signal: AbortSignal | undefined,
): Promise<void> {
  const networks = networksOf(spec);
  if (networks.length === 0) return;
  await withNetworksLock(locations.networks, { signal }, async () => publishNetworks(locations, networks));
}

/**
 * Gives the running members of a machine's networks, itself among them, the names of all members. A guest that does not
 * answer learns them when it is reached next.
 */
export async function tellMembers(
  locations: Locations,
  { spec }: Definition,
  signal: AbortSignal | undefined,
): Promise<void> {
  const names = networksOf(spec).flatMap((network) => membersOf(locations, network).map(({ name }) => name));
  await tellMachines(locations, names, signal);
}

/** Gives machines that are running the names of all members of their networks, as `tellMembers` does. */
export async function tellMachines(
  locations: Locations,
  names: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  await Promise.all([...new Set(names)].map(async (name) => tellMember(locations, name, signal)));
}

async function tellMember(
  locations: Locations,
  name: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const limits = { timeoutMs: PATIENCE_MS, signal };
  try {
    const definition = readDefinition(locations, name);
    const status = readStatus(definition.files);
    if (status.kind !== 'running' || status.state !== 'running') return;
    if (!(await readGuestPorts(definition, limits)).vmlet.open) return;
    await using agent = await attachAgent(definition, limits);
    await withinLimits('updating the hosts file of the guest', tellNames(definition, agent), limits);
  } catch (error) {
    // It has ended, is paused or hangs, or another program uses its monitor. After an abort too: the machine has started.
    if (signal?.aborted !== true && !(error instanceof VmletError || isSystemError(error))) throw error;
  }
}
