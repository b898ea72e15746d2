import type { Socket } from 'node:net';
import type { WantedMembership } from '../../network/private/membership.ts';
import type { HostsFile } from './hosts-file.ts';

/** A machine in a private network. */
export interface NetworkMember {
  /** The name by which other members find it. */
  readonly name: string;
  /** A further name by which other members find it. */
  readonly alias: string | undefined;
  /** IPv4 address. */
  readonly address: string;
  /** Unique local IPv6 address, which guests with vmlet's agent and IPv6 have when the MTU is at least 1280. */
  readonly ipv6: string;
  /** MAC address of its card in this network. */
  readonly mac: string;
}

/** How a machine joins a network. */
export interface Joining {
  readonly name: string;
  /** False for a name that the caller has not chosen: another one is then found if it is taken. */
  readonly isOwnName: boolean;
  readonly wanted: WantedMembership;
}

/** The attachment of one machine to a network, from its start to its end. */
export interface NetworkAttachment<Joined = unknown> extends NetworkMember {
  readonly network: Joined;
  /** Its options, so that it can join again. */
  readonly wanted: WantedMembership;
  /** The network's subnet. */
  readonly subnet: string;
  /** Addresses with the prefix length, as in `10.77.0.2/24`. */
  readonly addresses: readonly string[];
  /** MTU of the card in bytes, unless it is the usual one. */
  readonly mtu?: number;
  /**
   * Plugs in QEMU's connection, which may be the next one after another has ended.
   * @returns once it has ended.
   */
  plugIn(connection: Socket): Promise<void>;
  /**
   * Adds all names to the guest's hosts file, and this machine's name to those of all introduced guests.
   * @throws GuestFileError when a guest cannot write its hosts file; the error of this guest if it is gone.
   */
  introduce(hosts: HostsFile | undefined): Promise<void>;
  leave(): void | Promise<void>;
}
