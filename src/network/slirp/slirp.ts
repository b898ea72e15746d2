import { IPV4, IPV6, type BoundNetworkPlan } from '../plan/network.ts';

/** Returns the `-netdev` JSON of QEMU's built-in user network for a plan whose host ports are all chosen. */
export function slirpNetdev(id: string, plan: BoundNetworkPlan): object {
  return {
    type: 'user',
    id,
    ipv4: true,
    net: `10.0.2.0/${IPV4.prefix}`,
    host: IPV4.gateway,
    dns: IPV4.dns,
    dhcpstart: IPV4.address,
    ipv6: true,
    'ipv6-prefix': IPV6.network,
    'ipv6-prefixlen': IPV6.prefix,
    'ipv6-host': IPV6.gateway,
    'ipv6-dns': IPV6.dns,
    hostfwd: plan.forwards.map(({ protocol, hostAddress, hostPort, guestPort }) => ({
      str: `${protocol}:${hostAddress}:${hostPort}-${IPV4.address}:${guestPort}`,
    })),
  };
}
