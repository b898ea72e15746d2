import { InvalidInputError } from '../../errors/index.ts';
import { subnetsOverlap } from '../../network/ethernet/subnet.ts';
import { hostNameSchema } from '../../util/host-name.ts';
import { isOutsideCard } from '../../network/private/network-name.ts';
import { parseMembership } from '../../network/private/membership.ts';
import type { NetworkAttachment } from './attachment.ts';
import { NamedNetwork } from './joined-network.ts';
import { Network } from './network.ts';

/**
 * A network, or a network with the name of the machine in it; or a private network of named machines, as in `lan` or
 * `lan:alias=primary,ip=10.9.0.20`.
 */
export type NetworkInput =
  Network | { readonly network: Network | NamedNetwork; readonly name?: string } | string;

/** A network and the machine's name in it. */
export interface NetworkPlace {
  readonly network: Network | NamedNetwork;
  readonly name: string;
}

/** A machine's attachment to a network of either kind. */
export type Attachment = NetworkAttachment<Network | NamedNetwork>;

/** Each network takes one card of the guest. */
export const MOST_NETWORKS = 8;

/**
 * Leaves out the value of `net` that may be among the networks, such as `none`.
 * @param machine the machine's own name, used in networks where no other name is given.
 * @throws InvalidInputError.
 */
export function parseNetworks(inputs: readonly NetworkInput[], machine: string): NetworkPlace[] {
  if (!Array.isArray(inputs)) throw new InvalidInputError('networks', 'expected an array of networks');
  const wanted = inputs
    .map((input: NetworkInput, index) => ({ input, field: `networks[${index}]` }))
    .filter(({ input }) => typeof input !== 'string' || !isOutsideCard(input));
  if (wanted.length > MOST_NETWORKS) {
    throw new InvalidInputError(
      'networks',
      `a machine can be in at most ${MOST_NETWORKS} networks, not ${wanted.length}`,
    );
  }
  const places = wanted.map(({ input, field }) => ({ ...placeOf(input, field, machine), field }));
  return places.map(({ network, name, field }, index) => {
    const problem = places
      .slice(0, index)
      .map((other) => conflict(network, other.network))
      .find((found) => found !== undefined);
    if (problem === undefined) return { network, name };
    throw new InvalidInputError(field, problem.words, { hint: problem.hint });
  });
}

function placeOf(input: NetworkInput, field: string, machine: string): NetworkPlace {
  const { network, name = machine } = asPlace(input, field);
  if (!(network instanceof Network || network instanceof NamedNetwork)) {
    throw new InvalidInputError(
      field,
      'expected a Network object, { network, name } or the name of a network',
      {
        hint: 'create a network with createNetwork(), or with: vmlet network create NAME',
      },
    );
  }
  const parsed = hostNameSchema.safeParse(name);
  if (parsed.success) return { network, name: parsed.data };
  throw new InvalidInputError(
    `${field}.name`,
    `${JSON.stringify(name)}: ${parsed.error.issues[0]?.message ?? 'invalid name'}`,
  );
}

function asPlace(
  input: NetworkInput,
  field: string,
): { readonly network: Network | NamedNetwork; readonly name?: string } {
  if (typeof input === 'string') return { network: new NamedNetwork(parseMembership(input, field)) };
  return input instanceof Network ? { network: input } : input;
}

interface Conflict {
  readonly words: string;
  readonly hint: string;
}

/** The subnets of named networks do not overlap; those of both kinds are known when the machine joins. */
function conflict(network: Network | NamedNetwork, other: Network | NamedNetwork): Conflict | undefined {
  const isNamed = network instanceof NamedNetwork;
  if (isNamed ? other instanceof NamedNetwork && other.name === network.name : other === network) {
    return { words: `duplicate network "${network.name}"`, hint: 'list each network once' };
  }
  if (isNamed || other instanceof NamedNetwork || !subnetsOverlap(other.addresses, network.addresses)) {
    return undefined;
  }
  return {
    words: `network "${network.name}" (${network.subnet}) overlaps with network "${other.name}" (${other.subnet})`,
    hint: 'create one of the networks with another subnet',
  };
}
