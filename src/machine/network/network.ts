import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { GuestFileError, InvalidInputError } from '../../errors/index.ts';
import { DhcpServer } from '../../network/ethernet/dhcp-server.ts';
import { parseHardwareAddress } from '../../network/ethernet/frame.ts';
import { SocketPort } from '../../network/ethernet/socket-port.ts';
import { type Subnet, addressText, hardwareAddressOf } from '../../network/ethernet/subnet.ts';
import { EthernetSwitch } from '../../network/ethernet/switch.ts';
import type { NetworkAttachment, NetworkMember } from './attachment.ts';
import { discardFrames, endOf } from './card-link.ts';
import type { HostsFile } from './hosts-file.ts';

/**
 * Milliseconds that a new member waits for others, which may be paused, to record its name. They record it
 * when they resume.
 */
const PATIENCE_MS = 5000;

/**
 * A private network for machines of this process: they reach each other and nothing else. It is an Ethernet
 * switch with a link to a card of each machine. Each machine also keeps its regular network.
 *
 * A member keeps its IPv4 address for as long as the network exists: a machine that returns with the same
 * name gets the same address. Names are written to the hosts file of each guest with vmlet's agent; guests
 * that use DHCP get their address from it too.
 */
export class Network implements AsyncDisposable {
  /** A label for messages. */
  readonly name: string;
  /** Subnet, such as `10.77.0.0/24`. */
  readonly subnet: string;
  /** MTU of its members' cards, in bytes. */
  readonly mtu: number;
  /** @internal */
  readonly addresses: Subnet;
  readonly #switch: EthernetSwitch;
  /** Addresses as numbers, of all past and present members. */
  readonly #addressByName = new Map<string, number>();
  readonly #addressByCard = new Map<string, number>();
  readonly #attachments = new Map<string, Attachment>();
  #isClosed = false;

  /** @internal Created by `createNetwork`. */
  constructor(name: string, subnet: Subnet, mtu: number) {
    this.name = name;
    this.subnet = subnet.text;
    this.mtu = mtu;
    this.addresses = subnet;
    // The first address is the network's own, the last is the broadcast address.
    const dhcp = new DhcpServer(subnet, subnet.first + 1, (card) => this.#addressByCard.get(card));
    this.#switch = new EthernetSwitch({ answer: (frame) => dhcp.answer(frame) });
  }

  /** The current members, in the order in which they joined. */
  get members(): readonly NetworkMember[] {
    return [...this.#attachments.values()].map(({ name, address, mac }) => ({ name, address, mac }));
  }

  /**
   * Separates groups of machines: traffic between different groups is silently dropped. Traffic within a
   * group, and of machines in no group, is not affected. Adds to earlier partitions. Groups hold by name: a
   * machine that returns with the same name is in the same group.
   * @param groups names of machines, each of which is or was in the network.
   * @throws InvalidInputError for a name that was never in the network, or that is in two groups.
   */
  partition(...groups: readonly (readonly string[])[]): void {
    const names = groups.flat();
    const unknown = names.find((name) => !this.#addressByName.has(name));
    if (unknown !== undefined) {
      const members = [...this.#addressByName.keys()];
      throw new InvalidInputError(
        'partition',
        `no machine ${JSON.stringify(unknown)} in network "${this.name}"`,
        {
          hint:
            members.length === 0
              ? 'launch a machine in this network first'
              : `choose from: ${members.join(', ')}`,
        },
      );
    }
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) {
      throw new InvalidInputError('partition', `machine ${JSON.stringify(twice)} is listed more than once`, {
        hint: 'list each machine once, in one group',
      });
    }
    groups.forEach((group, index) => {
      const others = groups.slice(index + 1).flat();
      for (const one of group) for (const other of others) this.#switch.cut(one, other);
    });
  }

  /** Removes all partitions. */
  heal(): void {
    this.#switch.heal();
  }

  /** Disconnects all machines, which keep running. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const attachment of this.#attachments.values()) attachment.leave();
    return Promise.resolve();
  }

  /**
   * @internal Attaches a machine that is being started.
   * @throws InvalidInputError for a name that is already taken, and for a network that is full or closed.
   */
  take(name: string): OwnAttachment {
    if (this.#isClosed) throw new InvalidInputError('networks', `network "${this.name}" is closed`);
    if (this.#attachments.has(name)) {
      throw new InvalidInputError(
        'networks',
        `network "${this.name}" already has a machine named ${JSON.stringify(name)}`,
        {
          hint: 'give the machine another name, either everywhere or only in this network: { network, name }',
        },
      );
    }
    const address = this.#addressFor(name);
    const attachment = new Attachment(this, name, address, {
      switch: this.#switch,
      names: () => this.#names(),
      others: () => [...this.#attachments.values()].filter((other) => other.name !== name),
      leave: () => this.#attachments.delete(name),
    });
    this.#attachments.set(name, attachment);
    return attachment;
  }

  #names(): Map<string, string> {
    return new Map([...this.#addressByName].map(([name, address]) => [name, addressText(address)]));
  }

  #addressFor(name: string): number {
    const known = this.#addressByName.get(name);
    if (known !== undefined) return known;
    const address = this.addresses.first + 2 + this.#addressByName.size;
    if (address >= this.addresses.last) {
      throw new InvalidInputError(
        'networks',
        `network "${this.name}" has no free address in ${this.subnet}`,
        {
          hint: 'create the network with a larger subnet, such as 10.77.0.0/16',
        },
      );
    }
    this.#addressByName.set(name, address);
    this.#addressByCard.set(parseHardwareAddress(hardwareAddressOf(address)), address);
    return address;
  }
}

/** An attachment to a network of this process, which ends at once. */
interface OwnAttachment extends NetworkAttachment<Network> {
  leave(): void;
}

interface AttachmentContext {
  readonly switch: EthernetSwitch;
  readonly names: () => ReadonlyMap<string, string>;
  readonly others: () => readonly Attachment[];
  readonly leave: () => void;
}

class Attachment implements OwnAttachment {
  readonly network: Network;
  readonly name: string;
  readonly address: string;
  readonly addresses: readonly string[];
  readonly mac: string;
  readonly mtu: number;
  readonly #around: AttachmentContext;
  #hosts: HostsFile | undefined;
  #port: SocketPort | undefined;
  #isOut = false;

  constructor(network: Network, name: string, address: number, around: AttachmentContext) {
    this.network = network;
    this.name = name;
    this.address = addressText(address);
    this.addresses = [`${this.address}/${network.addresses.prefix}`];
    this.mac = hardwareAddressOf(address);
    this.mtu = network.mtu;
    this.#around = around;
  }

  async plugIn(connection: Socket): Promise<void> {
    if (this.#isOut) return discardFrames(connection);
    this.#port = new SocketPort(this.name, connection, this.#around.switch);
    connection.resume();
    await endOf(connection);
  }

  async introduce(hosts: HostsFile | undefined): Promise<void> {
    this.#hosts = hosts;
    const names = this.#around.names();
    await Promise.all([
      hosts?.tell(this.network.subnet, linesOf(names)),
      ...this.#around.others().map(async (other) => other.#hear(names)),
    ]);
  }

  leave(): void {
    this.#isOut = true;
    this.#around.leave();
    this.#port?.close();
  }

  async #hear(names: ReadonlyMap<string, string>): Promise<void> {
    const patience = new AbortController();
    const told = this.#hosts?.tell(this.network.subnet, linesOf(names)).catch((error: unknown) => {
      // A guest that is gone needs no names; one that cannot write is an error.
      if (error instanceof GuestFileError) throw error;
    });
    // After the wait, nobody handles a later failure.
    told?.catch(() => undefined);
    try {
      await Promise.race([told, delay(PATIENCE_MS, undefined, { signal: patience.signal })]);
    } finally {
      patience.abort();
    }
  }
}

function linesOf(names: ReadonlyMap<string, string>): string[] {
  return [...names].map(([name, address]) => `${address} ${name}`);
}
