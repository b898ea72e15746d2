import * as z from 'zod';
import { InvalidInputError } from '../../errors/index.ts';
import { IPV4 } from '../../network/plan/network.ts';
import { parseSubnet, subnetsOverlap } from '../../network/ethernet/subnet.ts';
import { DEFAULT_MTU, LEAST_MTU, MOST_MTU } from '../../network/private/network-record.ts';
import { hostNameSchema } from '../../util/host-name.ts';
import { parseOptions } from '../../util/options.ts';
import { Network } from './network.ts';

/** Options of `createNetwork`. */
export interface NetworkOptions {
  /** A label for errors; `network-N` by default. */
  readonly name?: string;
  /**
   * IPv4 subnet, from /16 to /30; the next of 10.77.0.0/24, 10.77.1.0/24, … by default. All of its addresses
   * but three are for machines.
   */
  readonly subnet?: string;
  /**
   * In bytes, from 576 to 65520; 1500 by default. Guests without vmlet's agent keep 1500 until they are
   * configured.
   */
  readonly mtu?: number;
}

const schema = z.strictObject({
  name: hostNameSchema.optional(),
  subnet: z.string().optional(),
  mtu: z.int().min(LEAST_MTU).max(MOST_MTU).default(DEFAULT_MTU),
});

/** The subnet of the user network that every machine has by default. */
const OUTSIDE = parseSubnet(`10.0.2.0/${IPV4.prefix}`);

/**
 * Number of networks created by this process: each gets different addresses, so that a machine can be in
 * several.
 */
let count = 0;

/**
 * Creates a private network for machines of this process. Pass it to `launch` or `fork` in `networks`.
 * @throws InvalidInputError.
 */
export function createNetwork(options: NetworkOptions = {}): Network {
  const valid = parseOptions(schema, options);
  const number = count++;
  const { name = `network-${number}`, subnet = `10.77.${number % 256}.0/24`, mtu } = valid;
  const addresses = parseSubnet(subnet);
  if (subnetsOverlap(addresses, OUTSIDE)) {
    throw new InvalidInputError(
      'subnet',
      `${subnet} overlaps with ${OUTSIDE.text}, the subnet of the first network card of each machine`,
      {
        hint: 'choose another subnet, such as 10.77.0.0/24',
      },
    );
  }
  return new Network(name, addresses, mtu);
}
