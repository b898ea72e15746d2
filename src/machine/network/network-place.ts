import { InvalidInputError } from '../../errors/index.ts';
import { parseSubnet, subnetsOverlap } from '../../network/ethernet/subnet.ts';
import {
  MOST_MEMBERSHIPS,
  type MemberOptions,
  type WantedMembership,
  parseMembership,
  readMemberOptions,
} from '../../network/private/membership.ts';
import { isOutsideCard } from '../../network/private/network-name.ts';
import type { NetworkAttachment, NetworkMember } from './attachment.ts';
import { NamedNetwork } from './joined-network.ts';
import { Network } from './network.ts';

/**
 * A network of this process, alone or with options of the machine in it; or a private network of named machines, as in
 * `lan` or `lan:alias=primary,ip=10.9.0.20`.
 */
export type NetworkInput = Network | NetworkMemberOptions | string;

/** A network of this process, and how a machine joins it. */
export interface NetworkMemberOptions extends MemberOptions {
  readonly network: Network;
}

/** A machine's place in a network. */
export interface NetworkPlace extends NetworkMember {
  readonly network: Network | NamedNetwork;
  /** @internal */
  readonly wanted: WantedMembership;
}

/** A network that a machine is to join, the machine's name in it, and what it asks for. */
export type WantedPlace = Pick<NetworkPlace, 'network' | 'name' | 'wanted'>;

/** A machine's attachment to a network of either kind. */
export type Attachment = NetworkAttachment<Network | NamedNetwork>;

/**
 * Leaves out the value of `net` that may be among the networks, such as `none`.
 * @param machine the machine's own name.
 * @throws InvalidInputError.
 */
export function parseNetworks(inputs: readonly NetworkInput[], machine: string): WantedPlace[] {
  if (!Array.isArray(inputs)) throw new InvalidInputError('networks', 'expected an array of networks');
  const wanted = inputs
    .map((input: NetworkInput, index) => ({ input, field: `networks[${index}]` }))
    .filter(({ input }) => typeof input !== 'string' || !isOutsideCard(input));
  if (wanted.length > MOST_MEMBERSHIPS) {
    throw new InvalidInputError(
      'networks',
      `a machine can be in at most ${MOST_MEMBERSHIPS} networks, not ${wanted.length}`,
    );
  }
  const places: WantedPlace[] = [];
  for (const { input, field } of wanted) {
    const place = placeOf(input, field, machine);
    const { network } = place;
    const others = places.map((other) => other.network);
    // Names of members would be ambiguous.
    if (others.some(({ name }) => name === network.name)) {
      throw new InvalidInputError(field, `duplicate network "${network.name}"`, {
        hint: 'list each network once, and give networks of one machine different names',
      });
    }
    // The subnet of a network of named machines is known when the machine joins.
    if (network instanceof Network)
      checkOverlap(
        network,
        others.filter((one) => one instanceof Network),
        field,
      );
    places.push(place);
  }
  return places;
}

/** A network of either kind. */
export interface NamedSubnet {
  readonly name: string;
  readonly subnet: string;
}

/** @throws InvalidInputError when the subnets of two networks of a machine overlap. */
export function checkOverlap(network: NamedSubnet, others: readonly NamedSubnet[], field: string): void {
  const subnet = parseSubnet(network.subnet);
  const other = others.find((one) => subnetsOverlap(parseSubnet(one.subnet), subnet));
  if (!other) return;
  throw new InvalidInputError(
    field,
    `network "${network.name}" (${network.subnet}) overlaps with network "${other.name}" (${other.subnet})`,
    { hint: 'create one of the networks with another subnet' },
  );
}

function placeOf(input: NetworkInput, field: string, machine: string): WantedPlace {
  if (typeof input === 'string') {
    const wanted = parseMembership(input, field);
    return { network: new NamedNetwork(wanted.network), name: machine, wanted };
  }
  // JavaScript may pass anything.
  const { network, ...options } =
    input instanceof Network ? { network: input } : ((input as typeof input | null) ?? {});
  if (network instanceof Network) {
    return { network, name: machine, wanted: readMemberOptions(network.name, options, field) };
  }
  throw new InvalidInputError(
    field,
    'expected a Network object, { network, alias, … } or the name of a network',
    { hint: 'create a network with createNetwork(), or with: vmlet network create NAME' },
  );
}
