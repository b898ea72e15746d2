import { isIP } from 'node:net';
import type { TrustedChannel } from './ssh/ssh-provision.ts';
import { GuestSetupError } from '../errors/index.ts';

/** An IP address of the guest. */
export interface GuestAddress {
  /** Name of the interface in the guest; undefined if unknown. */
  readonly interface: string | undefined;
  readonly address: string;
  /** Length of the prefix; undefined if unknown. */
  readonly prefix: number | undefined;
}

/**
 * Lists the guest's addresses with its `ip` command, except for the loopback's.
 * @throws GuestSetupError, or what the channel throws.
 */
export async function readGuestAddresses(
  channel: TrustedChannel,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<GuestAddress[]> {
  // -o: one line per address; both iproute2 and busybox support it.
  const { exitCode, stdout, stderr } = await channel.exec(['ip', '-o', 'addr', 'show'], options);
  if (exitCode !== 0) {
    throw new GuestSetupError('listing the IP addresses', exitCode, Buffer.from(stderr).toString());
  }
  return parseIpAddresses(Buffer.from(stdout).toString());
}

/** Parses lines such as `2: eth0    inet 10.0.2.15/24 brd 10.0.2.255 scope global eth0`. */
export function parseIpAddresses(text: string): GuestAddress[] {
  const found = text.split('\n').flatMap((line): GuestAddress[] => {
    const [, name, address = '', prefix] = /^\d+: (\S+)\s+inet6? ([^/\s]+)(?:\/(\d+))?/.exec(line) ?? [];
    if (name === undefined || isIP(address) === 0) return [];
    return [{ interface: name, address, prefix: prefix === undefined ? undefined : Number(prefix) }];
  });
  return usefulFirst(found);
}

/** Returns reachable addresses, IPv4 first; no loopback, and link-local ones only if there are no others. */
export function usefulFirst(addresses: readonly GuestAddress[]): GuestAddress[] {
  const outside = addresses.filter(({ address }) => address !== '::1' && !address.startsWith('127.'));
  const global = outside.filter(({ address }) => !/^(fe80:|169\.254\.)/i.test(address));
  return [...(global.length > 0 ? global : outside)].sort(
    (one, other) => isIP(one.address) - isIP(other.address),
  );
}
