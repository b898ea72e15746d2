import type { Socket } from 'node:net';
import { GuestFileError, NetworkNotFoundError } from '../../errors/index.ts';
import { Capture } from '../../network/ethernet/capture.ts';
import { DhcpServer } from '../../network/ethernet/dhcp-server.ts';
import { parseHardwareAddress } from '../../network/ethernet/ethernet-frame.ts';
import { SocketPort } from '../../network/ethernet/socket-port.ts';
import { addressNumber, parseSubnet } from '../../network/ethernet/subnet.ts';
import { EthernetSwitch } from '../../network/ethernet/switch.ts';
import { type NetworkMember as Member, hostsLines, serverAddress } from '../../network/private/addresses.ts';
import { checkGroups, checkMember } from '../../network/private/groups.ts';
import { KnownMembers } from '../../network/private/known-members.ts';
import type { WantedMembership } from '../../network/private/membership.ts';
import type { NetworkSettings } from '../../network/private/network-record.ts';
import { pause } from '../../util/time/pause.ts';
import type { Joining, NetworkAttachment, NetworkMember } from './attachment.ts';
import { discardFrames, endOf } from './card-link.ts';
import type { HostsFile } from './hosts-file.ts';
import { MemberCard } from './member-card.ts';

/**
 * Milliseconds that a new member waits for others, which may be paused, to record its name. They record it
 * when they resume.
 */
const PATIENCE_MS = 5000;

/**
 * A private network for machines of this process: they reach each other and nothing else. It is an Ethernet
 * switch with a link to a card of each machine. Each machine also keeps its regular network.
 *
 * A machine that returns with the same name gets the same addresses, unless another one has asked for them in
 * the meantime. Names are written to the hosts file of each guest with vmlet's agent, alone and in the domain of
 * the network, as in `db` and `db.lan`; guests that use DHCP get their IPv4 address from it too.
 */
export class Network implements AsyncDisposable {
  /** Its name, also the domain of its members' names. */
  readonly name: string;
  /** IPv4 subnet, such as `10.77.0.0/24`. */
  readonly subnet: string;
  /** Unique local prefix (RFC 4193) of its members' IPv6 addresses, with 64 bits. */
  readonly ipv6: string;
  /** MTU in bytes, which a member's card has unless it asks for another one. */
  readonly mtu: number;
  readonly #switch: EthernetSwitch;
  readonly #members: KnownMembers;
  readonly #attachments = new Map<string, Attachment>();
  readonly #onClose: () => void;
  #isClosed = false;

  /**
   * @internal Created by `createNetwork`.
   * @param onClose called when it is disposed of.
   */
  constructor(settings: NetworkSettings, onClose: () => void) {
    this.name = settings.name;
    this.subnet = settings.subnet;
    this.ipv6 = settings.ipv6;
    this.mtu = settings.mtu;
    this.#onClose = onClose;
    this.#members = new KnownMembers(settings);
    const [subnet, address] = [parseSubnet(this.subnet), addressNumber(serverAddress(this))];
    const dhcp = new DhcpServer({ subnet, address }, (card) => {
      const member = this.#members.all.find(({ mac }) => parseHardwareAddress(mac) === card);
      return member && { address: addressNumber(member.address), mtu: member.mtu ?? this.mtu };
    });
    this.#switch = new EthernetSwitch({ answer: (frame) => dhcp.answer(frame) });
  }

  /** The current members, in the order in which they joined. */
  get members(): readonly NetworkMember[] {
    return [...this.#attachments.values()].map(({ name, alias, address, ipv6, mac }) => ({
      name,
      alias,
      address,
      ipv6,
      mac,
    }));
  }

  /**
   * Separates groups of machines: traffic between different groups is silently dropped. Traffic within a
   * group, and of machines in no group, is not affected. Adds to earlier partitions. Groups hold by name: a
   * machine that returns with the same name is in the same group.
   * @param groups at least two, each of names of machines that are or were in the network.
   * @throws InvalidInputError for a name that was never in the network, or that is in two groups, and for fewer
   * than two groups; NetworkNotFoundError for a closed network.
   */
  partition(...groups: readonly (readonly string[])[]): void {
    this.#checkOpen();
    checkGroups(groups, this.#names);
    groups.forEach((group, index) => {
      const others = groups.slice(index + 1).flat();
      for (const one of group) for (const other of others) this.#switch.cut(one, other);
    });
  }

  /** Removes all partitions. @throws NetworkNotFoundError for a closed network. */
  heal(): void {
    this.#checkOpen();
    this.#switch.heal();
  }

  /**
   * Returns the frames of the network from now on as a pcap file, which ends when the network is closed. Close it by ending
   * the iteration. Packets are left out while 4 MiB wait for the caller.
   * @param member captures only the frames that it sends and is sent.
   * @throws InvalidInputError for a name that was never in the network, NetworkNotFoundError for a closed network.
   */
  capture(member?: string): AsyncIterable<Buffer> {
    this.#checkOpen();
    if (member !== undefined) checkMember(member, this.#names, 'member');
    const capture = new Capture(member);
    this.#switch.capture(capture);
    return capture.file as AsyncIterable<Buffer>;
  }

  /** Disconnects all machines, which keep running. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#onClose();
    this.#switch.endCaptures();
    for (const attachment of this.#attachments.values()) attachment.leave();
    return Promise.resolve();
  }

  /**
   * @internal Attaches a machine that is being started.
   * @throws InvalidInputError for a name or an address that is taken, and for a network that is full;
   * NetworkNotFoundError for one that is closed.
   */
  take({ name: asked, isOwnName, wanted }: Joining): OwnAttachment {
    this.#checkOpen();
    const name = isOwnName ? asked : this.#members.freeName(asked);
    const attachment = new Attachment(this, this.#members.join(name, wanted), {
      wanted,
      switch: this.#switch,
      lines: () => hostsLines(this, this.#members.all),
      others: () => [...this.#attachments.values()].filter((other) => other.name !== name),
      leave: () => {
        this.#members.leave(name);
        this.#attachments.delete(name);
      },
    });
    this.#attachments.set(name, attachment);
    return attachment;
  }

  /** Names of all that are or were members. */
  get #names(): string[] {
    return this.#members.all.map(({ name }) => name);
  }

  #checkOpen(): void {
    if (!this.#isClosed) return;
    throw new NetworkNotFoundError(this.name, {
      hint: 'the network has been closed; create another one with createNetwork()',
    });
  }
}

/** An attachment to a network of this process, which ends at once. */
interface OwnAttachment extends NetworkAttachment<Network> {
  leave(): void;
}

interface AttachmentContext {
  readonly wanted: WantedMembership;
  readonly switch: EthernetSwitch;
  /** The lines of a hosts file. */
  readonly lines: () => readonly string[];
  readonly others: () => readonly Attachment[];
  readonly leave: () => void;
}

class Attachment extends MemberCard implements OwnAttachment {
  readonly network: Network;
  readonly #member: Member;
  readonly #around: AttachmentContext;
  #hosts: HostsFile | undefined;
  #port: SocketPort | undefined;
  #isOut = false;

  constructor(network: Network, member: Member, around: AttachmentContext) {
    super(network, member, around.wanted);
    this.network = network;
    this.#member = member;
    this.#around = around;
  }

  async plugIn(connection: Socket): Promise<void> {
    if (this.#isOut) return discardFrames(connection);
    this.#port = new SocketPort(this.#member, connection, this.#around.switch);
    connection.resume();
    await endOf(connection);
  }

  async introduce(hosts: HostsFile | undefined): Promise<void> {
    this.#hosts = hosts;
    const lines = this.#around.lines();
    await Promise.all([
      hosts?.tell(this.network.name, lines),
      ...this.#around.others().map(async (other) => other.#hear(lines)),
    ]);
  }

  leave(): void {
    if (this.#isOut) return;
    this.#isOut = true;
    this.#around.leave();
    this.#port?.close();
  }

  async #hear(lines: readonly string[]): Promise<void> {
    const patience = new AbortController();
    const told = this.#hosts?.tell(this.network.name, lines).catch((error: unknown) => {
      // A guest that is gone needs no names; one that cannot write is an error.
      if (error instanceof GuestFileError) throw error;
    });
    // After the wait, nobody handles a later failure.
    told?.catch(() => undefined);
    try {
      await Promise.race([told, pause(PATIENCE_MS, patience.signal)]);
    } finally {
      patience.abort();
    }
  }
}
