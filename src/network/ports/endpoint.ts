import { isIpv6 } from './ip-address.ts';

// Apart from the grammar of ports, so that a command that only prints ports does not load its schemas.

/** Returns `address:port/protocol` of the host's side. */
export function formatEndpoint(address: string, port: number, protocol: 'tcp' | 'udp'): string {
  return `${formatAddress(address)}:${port}/${protocol}`;
}

/** An IPv6 address is in brackets. */
export function formatAddress(address: string): string {
  return isIpv6(address) ? `[${address}]` : address;
}
