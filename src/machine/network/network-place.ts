import { InvalidInputError } from '../../errors/index.ts';
import { subnetsOverlap } from '../../network/ethernet/subnet.ts';
import { hostNameSchema } from '../../util/host-name.ts';
import { Network } from './network.ts';

/** A network, or a network with the name of the machine in it. */
export type NetworkInput = Network | { readonly network: Network; readonly name?: string };

/** A network and the machine's name in it. */
export interface NetworkPlace {
  readonly network: Network;
  readonly name: string;
}

/** Each network takes one card of the guest. */
export const MOST_NETWORKS = 8;

/**
 * @param machine the machine's own name, used in networks where no other name is given.
 * @throws InvalidInputError.
 */
export function parseNetworks(inputs: readonly NetworkInput[], machine: string): NetworkPlace[] {
  if (!Array.isArray(inputs)) throw new InvalidInputError('networks', 'expected an array of networks');
  if (inputs.length > MOST_NETWORKS) {
    throw new InvalidInputError(
      'networks',
      `a machine can be in at most ${MOST_NETWORKS} networks, not ${inputs.length}`,
    );
  }
  const places = inputs.map((input: NetworkInput, index) => placeOf(input, `networks[${index}]`, machine));
  places.forEach(({ network }, index) => {
    const other = places
      .slice(0, index)
      .find((it) => subnetsOverlap(it.network.addresses, network.addresses));
    if (!other) return;
    throw new InvalidInputError(
      `networks[${index}]`,
      other.network === network
        ? `duplicate network ${network.name}`
        : `${network.subnet} of ${network.name} and ${other.network.subnet} of ${other.network.name} overlap`,
      { hint: 'list each network once, and give each its own subnet' },
    );
  });
  return places;
}

function placeOf(input: NetworkInput, field: string, machine: string): NetworkPlace {
  const { network, name = machine } = input instanceof Network ? { network: input } : input;
  if (!(network instanceof Network)) {
    throw new InvalidInputError(field, 'expected a network, or { network, name }', {
      hint: 'create one with createNetwork()',
    });
  }
  const parsed = hostNameSchema.safeParse(name);
  if (parsed.success) return { network, name: parsed.data };
  throw new InvalidInputError(
    `${field}.name`,
    `${JSON.stringify(name)}: ${parsed.error.issues[0]?.message ?? 'invalid name'}`,
  );
}
