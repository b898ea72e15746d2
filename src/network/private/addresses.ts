import { randomBytes } from 'node:crypto';
import { InvalidInputError } from '../../errors/index.ts';
import {
  type Subnet,
  addressNumber,
  addressText,
  hardwareAddressOf,
  parseSubnet,
  subnetsOverlap,
} from '../ethernet/subnet.ts';
import { IPV4 } from '../plan/network.ts';
import { canonicalIpv6 } from '../ports/ip-address.ts';
import type { Membership, WantedMembership } from './membership.ts';
import { type NetworkSettings, subnetOf } from './network-record.ts';

/** The kernel gives a smaller card no IPv6 (RFC 8200, section 5). */
const LEAST_IPV6_MTU = 1280;
/** Prefix length of each member's IPv6 address. */
const IPV6_PREFIX = 64;

/** A subnet that a new network must not overlap with. */
export interface TakenSubnet {
  readonly subnet: Subnet;
  /** As in `the network lan`. */
  readonly user: string;
}

/** The subnet of the user network of each machine's first card. */
export const OUTSIDE: TakenSubnet = {
  subnet: parseSubnet(`10.0.2.0/${IPV4.prefix}`),
  user: 'the first network card of each machine',
};

/** @throws InvalidInputError when the subnet overlaps with one that is taken. */
export function checkSubnet(text: string, taken: readonly TakenSubnet[]): Subnet {
  const subnet = parseSubnet(text);
  const other = taken.find((one) => subnetsOverlap(one.subnet, subnet));
  if (!other) return subnet;
  throw new InvalidInputError(
    'subnet',
    `${subnet.text} overlaps with ${other.subnet.text}, the subnet of ${other.user}`,
    { hint: 'choose another subnet, or leave out the subnet: vmlet then chooses a free one' },
  );
}

/**
 * Begin of the subnets that vmlet chooses: 10.9 for networks of named machines, 10.77 for those of a process. A machine can
 * be in networks of both kinds, which do not know of each other.
 */
export type SubnetRange = '10.9' | '10.77';

/** Returns the first of the subnets with 256 addresses that is free; undefined without any. */
export function freeSubnet(range: SubnetRange, taken: readonly TakenSubnet[]): Subnet | undefined {
  for (let number = 0; number < 256; number++) {
    const subnet = parseSubnet(`${range}.${number}.0/24`);
    if (!taken.some((one) => subnetsOverlap(one.subnet, subnet))) return subnet;
  }
  return undefined;
}

/** Returns a unique local prefix (RFC 4193), such as `fd12:3456:789a::`. @param globalId five bytes, random by default. */
export function newPrefix(globalId: Buffer = randomBytes(5)): string {
  const [a, b, c, d, e] = globalId.toString('hex').match(/../g) ?? [];
  return shortIpv6(`fd${a}:${b}${c}:${d}${e}::`);
}

/** The DHCP server's own address. */
export function serverAddress(record: Pick<NetworkSettings, 'subnet'>): string {
  return addressText(subnetOf(record).first + 1);
}

/** A machine's membership, with the machine's name. */
export interface NetworkMember extends Membership {
  readonly name: string;
}

/**
 * Gives a machine its addresses in a network: those that it asks for, otherwise those that it had, otherwise the
 * lowest free ones.
 * @param others the network's other members.
 * @param earlier the machine's present membership in that network.
 * @throws InvalidInputError when an address or name is taken or not in the subnet, or the network is full.
 */
export function joinedMembership(
  record: NetworkSettings,
  others: readonly NetworkMember[],
  { name, wanted, earlier }: { name: string; wanted: WantedMembership; earlier?: Membership | undefined },
): Membership {
  checkNames(record, others, [name, wanted.alias]);
  const address = wanted.address ?? keptAddress(record, others, earlier) ?? freeAddress(record, others);
  checkAddress(record, others, address);
  const isMoved = earlier !== undefined && earlier.address !== address;
  const mac = wanted.mac ?? (isMoved ? undefined : earlier?.mac) ?? hardwareAddressOf(addressNumber(address));
  const sameCard = others.find((other) => other.mac === mac);
  if (sameCard) {
    throw new InvalidInputError(
      'networks',
      `MAC address ${mac} is taken by machine "${sameCard.name}" in network "${record.name}"`,
      { hint: 'choose another MAC address, such as 52:54:00:0a:0b:0c' },
    );
  }
  return { ...wanted, address, mac };
}

/** @throws InvalidInputError when another member has one of the names. */
export function checkNames(
  record: Pick<NetworkSettings, 'name'>,
  others: readonly NetworkMember[],
  names: readonly (string | undefined)[],
): void {
  for (const wanted of names) {
    const owner = others.find((other) => [other.name, other.alias].some((one) => isSame(one, wanted)));
    if (owner === undefined) continue;
    throw new InvalidInputError(
      'networks',
      `the name "${wanted ?? ''}" is taken by machine "${owner.name}" in network "${record.name}"`,
      { hint: 'choose another name or alias' },
    );
  }
}

/** Returns the name, or the first of NAME-2, NAME-3, … that no member has. */
export function freeName(name: string, members: readonly Pick<NetworkMember, 'name' | 'alias'>[]): string {
  const taken = members.flatMap((member) => [member.name, member.alias]);
  for (let number = 1; ; number++) {
    const free = number === 1 ? name : `${name}-${number}`;
    if (!taken.some((one) => isSame(one, free))) return free;
  }
}

/** The network may have been created again since, with another subnet. */
function keptAddress(
  record: NetworkSettings,
  others: readonly NetworkMember[],
  earlier: Membership | undefined,
): string | undefined {
  if (!earlier || others.some(({ address }) => address === earlier.address)) return undefined;
  return isForMembers(record, earlier.address) ? earlier.address : undefined;
}

function isSame(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && one.toLowerCase() === other?.toLowerCase();
}

/** Returns how many members a network can have. */
export function capacityOf(record: Pick<NetworkSettings, 'subnet'>): number {
  const { first, last } = subnetOf(record);
  return last - first - 2;
}

function freeAddress(record: NetworkSettings, others: readonly NetworkMember[]): string {
  const subnet = subnetOf(record);
  const taken = new Set(others.map(({ address }) => addressNumber(address)));
  // The first is the network's own, the second the DHCP server's, the last the broadcast address.
  for (let address = subnet.first + 2; address < subnet.last; address++) {
    if (!taken.has(address)) return addressText(address);
  }
  throw new InvalidInputError(
    'networks',
    `no free address in ${subnet.text}, the subnet of network "${record.name}"`,
    {
      hint: 'remove machines from the network, or create another network with a larger subnet, such as 10.10.0.0/16',
    },
  );
}

function checkAddress(record: NetworkSettings, others: readonly NetworkMember[], text: string): void {
  if (!isForMembers(record, text)) {
    const subnet = subnetOf(record);
    throw new InvalidInputError(
      'networks',
      `machines in network "${record.name}" cannot have the address ${text}`,
      { hint: `choose an address from ${addressText(subnet.first + 2)} to ${addressText(subnet.last - 1)}` },
    );
  }
  const owner = others.find((other) => other.address === text);
  if (!owner) return;
  throw new InvalidInputError(
    'networks',
    `address ${text} is taken by machine "${owner.name}" in network "${record.name}"`,
    { hint: 'choose another address, or leave out ip to get a free one' },
  );
}

/** True for an address that members can have. */
export function isForMembers(record: Pick<NetworkSettings, 'subnet'>, text: string): boolean {
  const subnet = subnetOf(record);
  const address = addressNumber(text);
  return address >= subnet.first + 2 && address < subnet.last;
}

/** Returns the addresses that a member's card can have, with their prefix lengths. */
export function addressesOf(
  record: NetworkSettings,
  { address, mtu = record.mtu }: Pick<Membership, 'address' | 'mtu'>,
): string[] {
  const ipv4 = `${address}/${subnetOf(record).prefix}`;
  return mtu < LEAST_IPV6_MTU ? [ipv4] : [ipv4, `${ipv6Of(record, address)}/${IPV6_PREFIX}`];
}

/**
 * Returns a member's IPv6 address.
 * @param address the IPv4 address that it follows from, in the network's subnet.
 */
export function ipv6Of(record: NetworkSettings, address: string): string {
  const host = (addressNumber(address) - subnetOf(record).first).toString(16);
  return shortIpv6(`${record.ipv6}${host}`);
}

/** As guests print it. */
function shortIpv6(address: string): string {
  return canonicalIpv6(address) ?? address;
}

/**
 * Returns the lines of a hosts file: each member’s names and aliases, alone and in the domain of the network. They map
 * only to IPv4 addresses, which every member has: a guest without the agent, or without IPv6, lacks the other one, and
 * glibc, which prefers IPv6, would wait for it.
 */
export function hostsLines(
  { name: domain }: Pick<NetworkSettings, 'name'>,
  members: readonly NetworkMember[],
): string[] {
  return members.map(({ name, alias, address }) => {
    const words = [name, ...(alias === undefined ? [] : [alias])];
    return [address, ...words.flatMap((word) => [word, `${word}.${domain}`])].join(' ');
  });
}
