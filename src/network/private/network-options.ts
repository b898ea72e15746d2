import { networkInterfaces } from 'node:os';
import * as z from 'zod';
import { InvalidInputError } from '../../errors/index.ts';
import { type Subnet, addressNumber, addressText } from '../ethernet/subnet.ts';
import { parseOptions } from '../../util/options/parse-options.ts';
import {
  OUTSIDE,
  type SubnetRange,
  type TakenSubnet,
  checkSubnet,
  freeSubnet,
  newPrefix,
} from './addresses.ts';
import { checkNetworkName } from './network-name.ts';
import {
  DEFAULT_MTU,
  LEAST_MTU,
  MOST_MTU,
  type NetworkRecord,
  type NetworkSettings,
  subnetOf,
} from './network-record.ts';

const schema = z.strictObject({
  name: z.string(),
  subnet: z.string().optional(),
  mtu: z.int().min(LEAST_MTU).max(MOST_MTU).default(DEFAULT_MTU),
});

/** Options of a new private network of named machines. */
export interface PrivateNetworkOptions {
  /** At most 32 lower-case letters, digits and hyphens, and no hyphen at either end; also the domain of its members' names. */
  readonly name: string;
  /** IPv4 subnet, from /16 to /30; the first free one of 10.9.0.0/24, 10.9.1.0/24, … by default. */
  readonly subnet?: string | undefined;
  /** In bytes, from 576 to 65520; 1500 by default. */
  readonly mtu?: number | undefined;
}

/** @throws InvalidInputError, also for a subnet that overlaps with that of another network. */
export function newNetwork(options: PrivateNetworkOptions, others: readonly NetworkRecord[]): NetworkRecord {
  const { name, subnet, ipv6, mtu } = newSettings(options, {
    range: '10.9',
    taken: others.map((other) => ({ subnet: subnetOf(other), user: `network "${other.name}"` })),
  });
  return { version: 1, name, createdAt: new Date().toISOString(), subnet, ipv6, mtu, partitions: [] };
}

/** The subnets from which the one of a new network is chosen. */
interface SubnetChoice {
  /** The first half of the addresses, as in `10.9`. */
  readonly range: SubnetRange;
  /** Subnets that the network cannot have. */
  readonly taken?: readonly TakenSubnet[];
  /**
   * Subnets that it gets only if the caller asks for one, or if no other is free, as where a VPN of the host has all of the
   * range. Without this list, it never gets one of the host's.
   */
  readonly avoided?: readonly TakenSubnet[];
}

/**
 * Returns the settings of a new network of either kind.
 * @throws InvalidInputError, also for a subnet that overlaps with one that is taken.
 */
export function newSettings(options: PrivateNetworkOptions, choice: SubnetChoice): NetworkSettings {
  const { name, subnet, mtu } = parseOptions(schema, options);
  const chosen =
    subnet === undefined ? chooseSubnet(choice) : checkSubnet(subnet, [OUTSIDE, ...(choice.taken ?? [])]);
  return { name: checkNetworkName(name), subnet: chosen.text, ipv6: newPrefix(), mtu };
}

function chooseSubnet({ range, taken = [], avoided }: SubnetChoice): Subnet {
  const others = [OUTSIDE, ...taken];
  const chosen =
    freeSubnet(range, [...others, ...(avoided ?? []), ...hostSubnets()]) ??
    (avoided && freeSubnet(range, others));
  if (chosen) return chosen;
  throw new InvalidInputError('subnet', `vmlet found no free subnet in ${range}.0.0/16`, {
    hint: 'choose a subnet outside this range, such as 172.20.0.0/24',
  });
}

/** The host's own networks: guests that had addresses of one could not reach it. */
function hostSubnets(): TakenSubnet[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.flatMap(({ family, cidr }) => {
      const [address = '', bits = ''] = cidr?.split('/') ?? [];
      if (family !== 'IPv4' || bits === '') return [];
      const size = 2 ** (32 - Number(bits));
      const first = addressNumber(address) - (addressNumber(address) % size);
      const subnet = {
        text: `${addressText(first)}/${bits}`,
        first,
        last: first + size - 1,
        prefix: Number(bits),
      };
      return [{ subnet, user: `the host’s network interface ${name}` }];
    }),
  );
}
