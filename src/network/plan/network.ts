import { InvalidInputError } from '../../errors/index.ts';
import { isIpv6 } from '../ports/ip-address.ts';
import { type BoundForward, type PortForward, formatPort } from '../ports/port.ts';

/**
 * What carries the guest's packets. passt-vhost-user: passt reads the guest's memory, which has to be shared;
 * passt-stream: frames over a connected socket; slirp: QEMU itself.
 */
export type NetworkBackend = 'passt-vhost-user' | 'passt-stream' | 'slirp';

/** What can be asked for; `auto` is passt where it is there, slirp otherwise. */
export const REQUESTED_BACKENDS = ['auto', 'passt', 'slirp'] as const;

export type RequestedBackend = (typeof REQUESTED_BACKENDS)[number];

/**
 * The guest's side of its network. It is the same on every host, so that no guest has to ask for it (DHCP).
 *
 * Whoever configures it has to send a frame afterwards: passt learns the guest's hardware address from what the
 * guest sends, and a connection to a forward before that is lost for good, not delayed.
 */
export interface GuestNetwork {
  readonly mac: string;
  /** Bytes. */
  readonly mtu: number;
  /** With prefix length, as in `10.0.2.15/24`; one of a family. */
  readonly addresses: readonly string[];
  /** Default routes, one of a family. */
  readonly gateways: readonly string[];
  readonly dns: readonly string[];
}

/** What passt can find on this host to build on; `readHostNetwork` reads it. */
export interface HostNetwork {
  /** An interface with an IPv6 link-local address: passt has IPv6 only where there is one. */
  readonly ipv6Interface: string | undefined;
  readonly nameservers: readonly string[];
}

/** What the host's passt offers, from its own --help. */
export interface PasstAbilities {
  /** Its program file. */
  readonly path: string;
  readonly hasFd: boolean;
  readonly hasVhostUser: boolean;
  /** What speaks first in the guest is heard through a forward; not with passt of 2023. */
  readonly completesHandshakes: boolean;
  /** Why it does not run on this host; undefined when it does. */
  readonly problem?: string | undefined;
}

/** A network that is planned again, for a machine that runs, has the program alone. */
type UsablePasst = Pick<PasstAbilities, 'path'> & Partial<PasstAbilities>;

export interface NetworkPlan {
  readonly backend: NetworkBackend;
  /** passt's program file; undefined for slirp. */
  readonly passtPath: string | undefined;
  readonly forwards: readonly PortForward[];
  readonly guest: GuestNetwork;
  /** The host interface that passt takes as its template. */
  readonly templateInterface: string;
  /** slirp cannot be told to keep the guest away from services on the host's loopback; passt is. */
  readonly reachesHostLoopback: boolean;
}

/** A plan whose host ports are all known, which is what can be started. */
export interface BoundNetworkPlan extends NetworkPlan {
  readonly forwards: readonly BoundForward[];
}

export const IPV4 = { address: '10.0.2.15', prefix: 24, gateway: '10.0.2.2', dns: '10.0.2.3' };
/**
 * Unique local (RFC 4193), and not slirp's own site-local fec0::, which is deprecated. docs/network.md has what glibc and
 * musl make of it: IPv4 comes first for the world outside, to which the host may have no IPv6.
 */
export const IPV6 = {
  address: 'fd76:6d6c:6574::15',
  prefix: 64,
  network: 'fd76:6d6c:6574::',
  gateway: 'fd76:6d6c:6574::2',
  dns: 'fd76:6d6c:6574::3',
};
/** passt connects from its own link-local address, and so to the guest's; a known one needs no waiting for the kernel's. */
const LINK_LOCAL = { address: 'fe80::15', prefix: 64 };
/**
 * What a guest that boots finds. One guest a network: the address need not differ from another machine's, and a system
 * that knows its card by it finds it again.
 */
export const CARD_AT_BOOT = '52:54:00:12:34:56';
/** passt's default and largest: an IPv4 packet in whole 32-bit words. */
const PASST_MTU = 65_520;
/** libslirp's frames are Ethernet's. */
const SLIRP_MTU = 1500;

/**
 * Takes the fastest backend that the host and the machine allow.
 * @param wanted `auto` is passt where it is there, runs, can inherit its connection and serves the forwards; slirp
 *   otherwise.
 * @param sharesMemory whether guest memory may be shared with another process; a fork's may not.
 * @param forwards which may be TCP.
 * @throws InvalidInputError when passt is wanted and cannot be had.
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
      ? `passt at ${passt.path} is too old: it has no --fd`
      : 'passt is not installed or not on the PATH; expected it for "passt"',
    { hint: 'Install the package passt (2023 or newer), or use slirp, which QEMU has built in.' },
  );
}

/**
 * @param passt slirp needs none.
 * @throws InvalidInputError for a forward that the backend cannot make on this host.
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
    refuseIpv6(forwards, 'slirp forwards IPv4 only', `Use an IPv4 address, or ${passtInstead(passt)}.`);
  else {
    if (!hasIpv6) {
      refuseIpv6(
        forwards,
        'passt has no IPv6 on a host without an IPv6 interface besides loopback',
        'Use an IPv4 address.',
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

/** Each forwarder reaches the host's first nameserver of its own family. */
function guestNameservers(nameservers: readonly string[], hasIpv6: boolean): string[] {
  const onlyIpv6 = hasIpv6 && nameservers.length > 0 && nameservers.every(isIpv6);
  return [onlyIpv6 ? IPV6.dns : IPV4.dns];
}

function passtInstead(passt: UsablePasst | undefined): string {
  if (!passt?.hasFd || passt.problem !== undefined) return 'install passt';
  return passt.completesHandshakes
    ? 'passt'
    : 'ask for passt, with which a server in the guest that speaks first is not heard here';
}

function refuseIpv6(forwards: readonly PortForward[], problem: string, hint: string): void {
  const forward = forwards.find(({ hostAddress }) => isIpv6(hostAddress));
  if (!forward) return;
  throw new InvalidInputError('ports', `${JSON.stringify(formatPort(forward))}: ${problem}`, { hint });
}

/** passt keeps one guest port for each host port number and protocol: a second address cannot lead elsewhere. */
function refuseDiverging(forwards: readonly PortForward[]): void {
  const targets = new Map<string, PortForward>();
  for (const forward of forwards) {
    if (forward.hostPort === undefined) continue;
    const key = `${forward.hostPort}/${forward.protocol}`;
    const earlier = targets.get(key);
    if (earlier && earlier.guestPort !== forward.guestPort) {
      throw new InvalidInputError(
        'ports',
        `${JSON.stringify(formatPort(forward))} and ${JSON.stringify(formatPort(earlier))} lead one host port number to two guest ports, which passt cannot`,
        { hint: 'Choose different host port numbers, or use slirp.' },
      );
    }
    targets.set(key, earlier ?? forward);
  }
}
