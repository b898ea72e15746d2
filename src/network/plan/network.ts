import { InvalidInputError } from '../../errors/index.ts';
import { isIpv6 } from '../ports/ip-address.ts';
import { type BoundForward, type PortForward, formatPort } from '../ports/port.ts';

/**
 * Backend for the guest's packets. passt-vhost-user: passt reads the guest's memory, which has to be shared;
 * passt-stream: frames over a connected socket; slirp: QEMU itself.
 */
export type NetworkBackend = 'passt-vhost-user' | 'passt-stream' | 'slirp';

/** Values that users can request; `auto` is passt if it is installed, slirp otherwise. */
export const REQUESTED_BACKENDS = ['auto', 'passt', 'slirp'] as const;

export type RequestedBackend = (typeof REQUESTED_BACKENDS)[number];

/**
 * The guest's side of its network. It is the same on every host, so that no guest needs DHCP.
 *
 * The guest has to send a frame after it was configured: passt learns the guest's MAC address from its
 * frames, and earlier connections to a forward are lost, not delayed.
 */
export interface GuestNetwork {
  readonly mac: string;
  /** In bytes. */
  readonly mtu: number;
  /** With prefix length, as in `10.0.2.15/24`; one for each address family. */
  readonly addresses: readonly string[];
  /** Default routes, one for each address family. */
  readonly gateways: readonly string[];
  readonly dns: readonly string[];
}

/** Properties of the host's network that passt depends on; `readHostNetwork` reads them. */
export interface HostNetwork {
  /** An interface with an IPv6 link-local address: passt supports IPv6 only if there is one. */
  readonly ipv6Interface: string | undefined;
  readonly nameservers: readonly string[];
}

/** Features of the host's passt, from its own --help. */
export interface PasstAbilities {
  /** Path of its program. */
  readonly path: string;
  readonly hasFd: boolean;
  readonly hasVhostUser: boolean;
  /** A forward passes on data that a server in the guest sends first; passt of 2023 does not. */
  readonly completesHandshakes: boolean;
  /** Why it does not run on this host; undefined when it does. */
  readonly problem?: string | undefined;
  /** Path of pesto, which changes the forwards of a running passt. */
  readonly pesto?: string | undefined;
}

/** How the forwards of a running passt are changed. */
export interface PasstControl {
  /** Path of its program. */
  readonly pesto: string;
  /** passt listens here for pesto. */
  readonly socketPath: string;
}

/** A network that is planned again for a running machine only has the path. */
type UsablePasst = Pick<PasstAbilities, 'path'> & Partial<PasstAbilities>;

export interface NetworkPlan {
  readonly backend: NetworkBackend;
  /** Path of passt's program; undefined for slirp. */
  readonly passtPath: string | undefined;
  /** Undefined where only a new passt has other forwards. */
  readonly control?: PasstControl | undefined;
  readonly forwards: readonly PortForward[];
  readonly guest: GuestNetwork;
  /** The host interface that passt uses as its template. */
  readonly templateInterface: string;
  /** slirp has no option to keep the guest away from services on the host's loopback interface; passt has. */
  readonly reachesHostLoopback: boolean;
}

/** A plan whose host ports are all known, ready to be started. */
export interface BoundNetworkPlan extends NetworkPlan {
  readonly forwards: readonly BoundForward[];
  /**
   * Whether the start of a named machine has added a forward to the guest's ssh server; undefined in a plan of an older
   * release, which always did.
   */
  readonly addsSsh?: boolean | undefined;
}

export const IPV4 = { address: '10.0.2.15', prefix: 24, gateway: '10.0.2.2', dns: '10.0.2.3' };
/**
 * A unique local address (RFC 4193) instead of slirp's own site-local fec0::, which is deprecated.
 * docs/networking.md describes the effect on glibc and musl: IPv4 is preferred for external hosts, to which the
 * host may have no IPv6.
 */
export const IPV6 = {
  address: 'fd76:6d6c:6574::15',
  prefix: 64,
  network: 'fd76:6d6c:6574::',
  gateway: 'fd76:6d6c:6574::2',
  dns: 'fd76:6d6c:6574::3',
};
/**
 * passt connects from its own link-local address to the guest's. A known address avoids waiting for the
 * kernel's.
 */
const LINK_LOCAL = { address: 'fe80::15', prefix: 64 };
/**
 * MAC address of a booting guest. Each guest has its own network, so the address need not be unique, and a
 * system that identifies its card by it finds it again.
 */
export const CARD_AT_BOOT = '52:54:00:12:34:56';
/** passt's default and maximum: an IPv4 packet in whole 32-bit words. */
const PASST_MTU = 65_520;
/** libslirp uses Ethernet frames. */
const SLIRP_MTU = 1500;

/**
 * Chooses the fastest backend that the host and the machine support.
 * @param wanted `auto` is passt if it is installed, works, can inherit its connection and supports the
 * forwards; slirp otherwise.
 * @param sharesMemory whether guest memory may be shared with another process; a fork's may not.
 * @param forwards whose protocols are checked.
 * @throws InvalidInputError when passt is requested and not available.
 */
export function chooseBackend(
  wanted: RequestedBackend,
  passt: PasstAbilities | undefined,
  sharesMemory: boolean,
  forwards: readonly Pick<PortForward, 'protocol'>[],
): NetworkBackend {
  if (wanted === 'slirp') return 'slirp';
  const forwardsTcp = forwards.some(({ protocol }) => protocol === 'tcp');
  if (wanted === 'auto' && passt?.completesHandshakes === false && forwardsTcp) return 'slirp';
  if (passt?.hasFd && (wanted === 'passt' || passt.problem === undefined))
    return passt.hasVhostUser && sharesMemory ? 'passt-vhost-user' : 'passt-stream';
  if (wanted === 'auto') return 'slirp';
  throw new InvalidInputError(
    'net',
    passt
      ? `passt at ${passt.path} is too old: it does not support --fd`
      : 'passt is not installed or not on your PATH',
    { hint: 'install the package passt (2023 or newer), or use --net slirp, which is built into QEMU' },
  );
}

/**
 * @param passt not needed for slirp.
 * @throws InvalidInputError for a forward that the backend does not support on this host.
 */
export function planNetwork(
  backend: NetworkBackend,
  forwards: readonly PortForward[],
  passt: UsablePasst | undefined,
  host: HostNetwork,
): NetworkPlan {
  const slirp = backend === 'slirp';
  const hasIpv6 = slirp || host.ipv6Interface !== undefined;
  if (slirp)
    refuseIpv6(forwards, 'slirp can forward only IPv4', `use an IPv4 address, or ${passtInstead(passt)}`);
  else {
    if (!hasIpv6) {
      refuseIpv6(
        forwards,
        'passt cannot forward IPv6, because no network interface of the host has a link-local IPv6 address (fe80::)',
        'use an IPv4 address, or enable IPv6 on a network interface of the host',
      );
    }
    refuseDiverging(forwards);
  }
  return {
    backend,
    passtPath: slirp ? undefined : passt?.path,
    forwards,
    guest: {
      mac: CARD_AT_BOOT,
      mtu: slirp ? SLIRP_MTU : PASST_MTU,
      addresses: [IPV4, ...(hasIpv6 ? [IPV6, LINK_LOCAL] : [])].map(
        ({ address, prefix }) => `${address}/${prefix}`,
      ),
      gateways: [IPV4, ...(hasIpv6 ? [IPV6] : [])].map(({ gateway }) => gateway),
      dns: guestNameservers(host.nameservers, hasIpv6),
    },
    templateInterface: host.ipv6Interface ?? 'lo',
    reachesHostLoopback: slirp,
  };
}

/** Returns the network of a guest whose card has another MAC address; undefined keeps the present one. */
export function withMac<Network extends NetworkPlan>(network: Network, mac: string | undefined): Network {
  return mac === undefined ? network : { ...network, guest: { ...network.guest, mac } };
}

/** Each forwarder uses the host's first nameserver of its own family. */
function guestNameservers(nameservers: readonly string[], hasIpv6: boolean): string[] {
  const onlyIpv6 = hasIpv6 && nameservers.length > 0 && nameservers.every(isIpv6);
  return [onlyIpv6 ? IPV6.dns : IPV4.dns];
}

function passtInstead(passt: UsablePasst | undefined): string {
  if (!passt) return 'install passt and use --net passt';
  if (passt.problem !== undefined) return 'repair passt (see vmlet doctor) and use --net passt';
  if (!passt.hasFd) return 'upgrade passt and use --net passt';
  return passt.completesHandshakes
    ? 'use --net passt'
    : 'use --net passt; on this host, it does not support servers that send data first, such as ssh servers';
}

function refuseIpv6(forwards: readonly PortForward[], problem: string, hint: string): void {
  const forward = forwards.find(({ hostAddress }) => isIpv6(hostAddress));
  if (!forward) return;
  throw new InvalidInputError('ports', `${JSON.stringify(formatPort(forward))}: ${problem}`, { hint });
}

/** passt keeps one guest port for each host port number and protocol: a second address cannot use another. */
function refuseDiverging(forwards: readonly PortForward[]): void {
  const targets = new Map<string, PortForward>();
  for (const forward of forwards) {
    if (forward.hostPort === undefined) continue;
    const key = `${forward.hostPort}/${forward.protocol}`;
    const earlier = targets.get(key);
    if (earlier && earlier.guestPort !== forward.guestPort) {
      throw new InvalidInputError(
        'ports',
        `${JSON.stringify(formatPort(forward))} and ${JSON.stringify(formatPort(earlier))} map the same host port number to two guest ports, which passt does not support`,
        { hint: 'choose different host port numbers, or use --net slirp' },
      );
    }
    targets.set(key, earlier ?? forward);
  }
}
