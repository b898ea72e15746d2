import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { canonicalIpv6, isIpv4 } from '../ports/ip-address.ts';
import {
  type HostNetwork,
  type NetworkPlan,
  type PasstAbilities,
  type RequestedBackend,
  chooseBackend,
  planNetwork,
} from '../plan/network.ts';
import type { PortForward } from '../ports/port.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';

/**
 * Plans the network of a machine on this host.
 * @param sharesMemory see `chooseBackend`.
 * @throws InvalidInputError for requests that this host does not support.
 */
export function planNetworkHere(
  wanted: RequestedBackend,
  ports: readonly PortForward[],
  passt: PasstAbilities | undefined,
  sharesMemory: boolean,
): NetworkPlan {
  const backend = chooseBackend(wanted, passt, sharesMemory, ports);
  return planNetwork(backend, ports, passt, readHostNetwork());
}

export function readHostNetwork(): HostNetwork {
  const withIpv6 = Object.entries(networkInterfaces()).find(([, addresses]) =>
    addresses?.some(({ family, address }) => family === 'IPv6' && address.startsWith('fe80:')),
  );
  return { ipv6Interface: withIpv6?.[0], nameservers: readNameservers('/etc/resolv.conf') };
}

/** Returns the addresses after `nameserver` in a resolv.conf(5), in order; none if there is no such file. */
function readNameservers(path: string): string[] {
  const text = unlessMissing(() => readFileSync(path, 'utf8'), ['ENOENT', 'EACCES']) ?? '';
  return [...text.matchAll(/^\s*nameserver\s+([^\s%]+)/gm)]
    .map((match) => match[1] ?? '')
    .map((address) => (isIpv4(address) ? address : canonicalIpv6(address)))
    .filter((address) => address !== undefined);
}
