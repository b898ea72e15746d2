import { InvalidInputError } from '../../errors/index.ts';
import { isIpv4 } from '../ports/ip-address.ts';

/** An IPv4 network, with its addresses as numbers. */
export interface Subnet {
  /** As in `10.77.0.0/24`. */
  readonly text: string;
  readonly first: number;
  readonly last: number;
  readonly prefix: number;
}

const LARGEST_PREFIX = 30;
const SMALLEST_PREFIX = 16;

/** @throws InvalidInputError. */
export function parseSubnet(text: string): Subnet {
  const { address = '', prefix } = /^(?<address>[\d.]+)\/(?<prefix>\d{1,2})$/.exec(text)?.groups ?? {};
  const bits = Number(prefix);
  if (!isIpv4(address) || bits < SMALLEST_PREFIX || bits > LARGEST_PREFIX) {
    throw new InvalidInputError(
      'subnet',
      `invalid subnet ${JSON.stringify(text)}: expected an IPv4 network with a prefix from /${SMALLEST_PREFIX} to /${LARGEST_PREFIX}`,
      { hint: 'for example: 10.77.0.0/24' },
    );
  }
  const size = 2 ** (32 - bits);
  const first = addressNumber(address);
  if (first % size !== 0) {
    throw new InvalidInputError('subnet', `${text} is not the first address of its network`, {
      hint: `use ${addressText(first - (first % size))}/${bits}`,
    });
  }
  return { text, first, last: first + size - 1, prefix: bits };
}

export function subnetsOverlap(one: Subnet, other: Subnet): boolean {
  return one.first <= other.last && other.first <= one.last;
}

/** @param text an IPv4 address. */
export function addressNumber(text: string): number {
  return text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function addressText(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}

/**
 * Returns the MAC address for an IP address. The mapping is fixed, so that the neighbours' ARP caches stay
 * valid.
 */
export function hardwareAddressOf(address: number): string {
  const bytes = [24, 16, 8, 0].map((shift) => ((address >>> shift) & 0xff).toString(16).padStart(2, '0'));
  // 52 marks a locally administered unicast address (IEEE 802), not a manufacturer's or a multicast address.
  return `52:54:${bytes.join(':')}`;
}
