import { GuestRequestError, GuestSetupError } from '../../errors/index.ts';
import { type Witness, witnessByForward } from '../../network/probe/forward-probe.ts';
import { isInNetwork } from '../../util/internet/in-network.ts';
import { isPassingFailure } from '../channel/passing-failure.ts';
import { findGuestAddresses } from '../look/guest-addresses.ts';
import type { Definition } from '../record/definition.ts';
import { readPlan } from '../record/machine-plan-file.ts';
import { connectableEndpoint, witnessForward } from '../spec/forwards.ts';

/** The agent's channel and the network have no common order, and a busy host may delay either. */
const GRACE_MS = 1000;

/**
 * Finds a way to see that the guest answers connections to a port: another forward on the same way, or an agent that knows the guest's
 * addresses.
 */
export async function findWitness(
  definition: Definition,
  guestPort: number,
  signal: AbortSignal,
): Promise<Witness | undefined> {
  const other = witnessForward(readPlan(definition.files), guestPort);
  if (other) return witnessByForward(connectableEndpoint(other));
  // A guest that has an address before a connection and after it refuses the connection within this time, or has accepted it.
  if (!(await hasAddress(definition, signal))) return undefined;
  return { answers: async (look) => hasAddress(definition, look), graceMs: GRACE_MS };
}

async function hasAddress(definition: Definition, signal: AbortSignal): Promise<boolean> {
  try {
    const { source, addresses } = await findGuestAddresses(definition, { signal });
    if (source !== 'vmlet-agent' && source !== 'qemu-guest-agent') return false;
    const inside = readPlan(definition.files).privateCards.flatMap((card) => card.addresses);
    return addresses.some(({ address }) => !inside.some((network) => isInNetwork(address, network)));
  } catch (error) {
    const passes =
      isPassingFailure(error) || error instanceof GuestRequestError || error instanceof GuestSetupError;
    if (passes || signal.aborted) return false;
    throw error;
  }
}
