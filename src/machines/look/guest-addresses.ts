import { INSTALL_AGENT, InvalidInputError, MachineStateError, TimedOutError } from '../../errors/index.ts';
import { type GuestAddress, readGuestAddresses, usefulFirst } from '../../guest/ip-addresses.ts';
import type { NamedPlan } from '../../machine/plan/named-plan.ts';
import { neighbourAddresses } from '../../network/probe/neighbours.ts';
import type { Definition } from '../record/definition.ts';
import { type GuestChannel, type QgaChannel, findGuestChannel } from '../channel/guest-channel.ts';
import { readPlan } from '../record/machine-plan-file.ts';
import { withinLimits } from '../../util/time/deadline.ts';

/** The guest's addresses and their origin. */
export interface GuestAddresses {
  /**
   * Origin: an agent in the guest, vmlet's network configuration (addresses on bridges beside it are those of the host's
   * neighbour table), or that table.
   */
  readonly source: 'vmlet-agent' | 'qemu-guest-agent' | 'passt' | 'slirp' | 'private-network' | 'neighbours';
  /** At least one, IPv4 before IPv6; no loopback, and link-local ones only if there are no others. */
  readonly addresses: readonly GuestAddress[];
}

const AGENT_MS = 5000;

/**
 * Finds the addresses of a running guest. Behind passt and slirp they are only visible in the guest: the host reaches it
 * through its forwards.
 * @throws MachineStateError when it is not running or the addresses are unknown; InvalidInputError without a network;
 *   TimedOutError when only the agent could tell, and does not answer.
 */
export async function findGuestAddresses(
  definition: Definition,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<GuestAddresses> {
  const { spec, files } = definition;
  const answer = await askGuest(definition, signal);
  // A guest that hangs keeps the addresses that can be found from the outside.
  const timedOut = answer instanceof TimedOutError ? answer : undefined;
  const told = answer instanceof TimedOutError ? undefined : answer;
  if (told && told.addresses.length > 0) return told;
  const plan = readPlan(files);
  if (!plan.network && plan.bridges.length === 0 && plan.privateCards.length === 0) {
    if (timedOut) throw timedOut;
    throw new InvalidInputError(
      'net',
      `machine "${spec.name}" has --net none, and no agent in the guest reports an address`,
      { hint: `give the machine a network: vmlet set ${spec.name} --net auto && vmlet restart ${spec.name}` },
    );
  }
  const seen: GuestAddress[] = [];
  for (const { mac } of plan.bridges) {
    const found = await neighbourAddresses(mac, signal);
    seen.push(...found.map((address) => ({ interface: undefined, address, prefix: undefined })));
  }
  const known = knownAddresses(plan, seen);
  if (!known) {
    if (timedOut) throw timedOut;
    throw new MachineStateError(spec.name, 'running', 'has no known address yet', {
      hint: told
        ? 'the agent reports no address: check that a DHCP server answers on the bridge'
        : `try again when the guest has used the network, or ${INSTALL_AGENT}; without an agent, vmlet learns the address from the packets of the guest`,
    });
  }
  return known;
}

/**
 * Returns what is known without an agent: what vmlet's networks assign, and what was seen on bridges.
 * @returns undefined when that is nothing.
 */
export function knownAddresses(
  { network, privateCards }: Pick<NamedPlan, 'network' | 'privateCards'>,
  seen: readonly GuestAddress[],
): GuestAddresses | undefined {
  // The agent alone sets the IPv6 addresses of private networks.
  const ofPrivate = privateCards.flatMap((card) => card.addresses.filter((text) => !text.includes(':')));
  const texts = [...(network?.guest.addresses ?? []), ...ofPrivate];
  const assigned = texts.map((text) => {
    const [address = '', prefix] = text.split('/');
    return { interface: undefined, address, prefix: Number(prefix) };
  });
  const addresses = usefulFirst([...assigned, ...seen]);
  if (addresses.length === 0) return undefined;
  if (network) return { source: network.backend === 'slirp' ? 'slirp' : 'passt', addresses };
  return { source: privateCards.length > 0 ? 'private-network' : 'neighbours', addresses };
}

/** Returns undefined without an agent, and the error when one does not answer in time. */
async function askGuest(
  definition: Definition,
  signal: AbortSignal | undefined,
): Promise<GuestAddresses | TimedOutError | undefined> {
  const limits = { timeoutMs: AGENT_MS, signal };
  try {
    await using channel = await findGuestChannel(definition, limits);
    if (!channel) return undefined;
    return await withinLimits('waiting for the guest to list its addresses', ask(channel, signal), limits);
  } catch (error) {
    if (error instanceof TimedOutError) return error;
    throw error;
  }
}

async function ask(channel: GuestChannel, signal: AbortSignal | undefined): Promise<GuestAddresses> {
  if (channel.kind === 'vmlet') {
    return { source: 'vmlet-agent', addresses: await readGuestAddresses(channel, { signal }) };
  }
  return { source: 'qemu-guest-agent', addresses: await askQga(channel, signal) };
}

async function askQga({ client }: QgaChannel, signal: AbortSignal | undefined): Promise<GuestAddress[]> {
  const interfaces = await client.execute('guest-network-get-interfaces', {}, { signal });
  return usefulFirst(
    interfaces.flatMap(({ name, 'ip-addresses': addresses = [] }) =>
      addresses.map(({ 'ip-address': address, prefix }) => ({ interface: name, address, prefix })),
    ),
  );
}
