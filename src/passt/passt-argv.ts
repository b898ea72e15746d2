import { IPV4, IPV6, type BoundNetworkPlan, type PasstControl } from '../network/plan/network.ts';
import type { BoundForward, Protocol } from '../network/ports/port.ts';
import { PASST_CARD } from '../process/output/passt-output.ts';

/** The first descriptor that a program inherits after its standard ones; passt finds its connection there. */
const CONNECTION_DESCRIPTOR = 3;

/** passt's connection to QEMU: an inherited socket, or a path that it listens on. */
export type PasstConnection =
  { readonly kind: 'inherited' } | { readonly kind: 'listening'; readonly path: string };

/**
 * Returns the passt command line of a plan whose host ports are all chosen.
 *
 * Every address is given explicitly, so that passt does not copy the host's: the guest's network is then the
 * same everywhere, and on a host without a default route passt does not use its local mode, which has other
 * addresses. The template interface only determines passt's IPv6 link-local address. Its MAC address is given
 * as well: passt of 2023 uses the interface's own and fails if it has none, like the loopback interface;
 * newer ones have this default.
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
    // Without --dns, which would make passt look for the host's nameserver to forward to.
    ...plan.guest.dns.flatMap((address) => ['--dns-forward', address]),
    ...['--mtu', String(plan.guest.mtu)],
    // Otherwise the gateway's address leads to the services on the host's loopback interface.
    '--no-map-gw',
    ...(plan.control ? ['--conf-path', plan.control.socketPath] : []),
    ...forwardArguments('--tcp-ports', 'tcp', plan.forwards),
    ...forwardArguments('--udp-ports', 'udp', plan.forwards),
  ];
}

/** Returns the command line that adds forwards to a running passt, or deletes them. */
export function pestoCommand(
  { pesto, socketPath }: PasstControl,
  action: 'add' | 'delete',
  forwards: readonly BoundForward[],
): [string, ...string[]] {
  return [
    pesto,
    `--${action}`,
    ...specifiersOf('--tcp-ports', 'tcp', forwards),
    ...specifiersOf('--udp-ports', 'udp', forwards),
    socketPath,
  ];
}

function connectionArguments(connection: PasstConnection): string[] {
  if (connection.kind === 'inherited') return ['--fd', String(CONNECTION_DESCRIPTOR)];
  return ['--one-off', '--socket', connection.path];
}

/** `none` is given explicitly: without it some releases repeat the TCP forwards for UDP. */
function forwardArguments(flag: string, protocol: Protocol, forwards: readonly BoundForward[]): string[] {
  const own = specifiersOf(flag, protocol, forwards);
  return own.length === 0 ? [flag, 'none'] : own;
}

function specifiersOf(flag: string, protocol: Protocol, forwards: readonly BoundForward[]): string[] {
  return forwards
    .filter((forward) => forward.protocol === protocol)
    .flatMap(({ hostAddress, hostPort, guestPort }) => [flag, `${hostAddress}/${hostPort}:${guestPort}`]);
}
