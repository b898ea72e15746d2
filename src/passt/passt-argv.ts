import { IPV4, IPV6, type BoundNetworkPlan } from '../network/plan/network.ts';
import type { BoundForward, Protocol } from '../network/ports/port.ts';
import { PASST_CARD } from '../process/passt-words.ts';

/** The first descriptor that a program inherits after its standard ones; passt finds its connection there. */
const CONNECTION_DESCRIPTOR = 3;

/** QEMU's end of it is at the other side of an inherited socket, or comes to a path. */
export type PasstConnection =
  { readonly kind: 'inherited' } | { readonly kind: 'listening'; readonly path: string };

/**
 * The passt command line of a plan whose host ports are all chosen.
 *
 * Every address is given, so that passt does not copy the host's: the guest's network is then the same
 * everywhere, and a host without a default route does not put passt into its local mode, which has others.
 * The template interface matters for passt's IPv6 link-local address alone. Its hardware address is given as well:
 * passt of 2023 takes the interface's own and refuses one that has none, as the loopback; newer ones have this by default.
 */
export function passtArguments(
  plan: BoundNetworkPlan,
  connection: PasstConnection = { kind: 'inherited' },
): string[] {
  const hasIpv6 = plan.guest.addresses.length > 1;
  return [
    '--foreground',
    ...(plan.backend === 'passt-vhost-user' ? ['--vhost-user'] : []),
    ...connectionArguments(connection),
    ...['--interface', plan.templateInterface, '--mac-addr', PASST_CARD],
    ...['--address', IPV4.address, '--netmask', String(IPV4.prefix), '--gateway', IPV4.gateway],
    ...(hasIpv6 ? ['--address', IPV6.address, '--gateway', IPV6.gateway] : ['--ipv4-only']),
    // Without --dns, with which passt does not look for the host's nameserver to forward to.
    ...plan.guest.dns.flatMap((address) => ['--dns-forward', address]),
    ...['--mtu', String(plan.guest.mtu)],
    // Otherwise the gateway's address leads to the services on the host's loopback.
    '--no-map-gw',
    ...forwardArguments('--tcp-ports', 'tcp', plan.forwards),
    ...forwardArguments('--udp-ports', 'udp', plan.forwards),
  ];
}

function connectionArguments(connection: PasstConnection): string[] {
  if (connection.kind === 'inherited') return ['--fd', String(CONNECTION_DESCRIPTOR)];
  return ['--one-off', '--socket', connection.path];
}

/** `none` is said where it is meant: without it some releases repeat the TCP forwards for UDP. */
function forwardArguments(flag: string, protocol: Protocol, forwards: readonly BoundForward[]): string[] {
  const own = forwards.filter((forward) => forward.protocol === protocol);
  if (own.length === 0) return [flag, 'none'];
  return own.flatMap(({ hostAddress, hostPort, guestPort }) => [
    flag,
    `${hostAddress}/${hostPort}:${guestPort}`,
  ]);
}
