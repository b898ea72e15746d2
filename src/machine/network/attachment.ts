import type { Socket } from 'node:net';
import type { HostsFile } from './hosts-file.ts';

/** A machine in a network. */
export interface NetworkMember {
  /** The name by which other members find it. */
  readonly name: string;
  /** IPv4 address. */
  readonly address: string;
  /** MAC address of its card in this network. */
  readonly mac: string;
}

/** The attachment of one machine to a network, from its start to its end. */
export interface NetworkAttachment<Joined = unknown> extends NetworkMember {
  readonly network: Joined;
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
