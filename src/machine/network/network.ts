import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { GuestFileError, InvalidInputError } from '../../errors/index.ts';
import { DhcpServer } from '../../network/ethernet/dhcp-server.ts';
import { parseHardwareAddress } from '../../network/ethernet/frame.ts';
import { SocketPort } from '../../network/ethernet/socket-port.ts';
import { type Subnet, addressText, hardwareAddressOf } from '../../network/ethernet/subnet.ts';
import { EthernetSwitch } from '../../network/ethernet/switch.ts';
import type { HostsFile } from './hosts-file.ts';

/** A machine in a network. */
export interface NetworkMember {
  /** By which the others find it. */
  readonly name: string;
  /** IPv4. */
  readonly address: string;
  /** Of its card in this network. */
  readonly mac: string;
}

/** What a machine has of a network from its start to its end. */
export interface NetworkSeat extends NetworkMember {
  readonly network: Network;
  /** With the length of the prefix, as in `10.77.0.2/24`. */
  readonly addressWithPrefix: string;
  /** @param socket leads to QEMU. */
  plugIn(socket: Socket): void;
  /**
   * Tells the guest the names of all, and all guests that have been introduced the name of this one.
   * @throws GuestFileError where a guest cannot write its hosts file; what comes of this guest where it is gone.
   */
  introduce(hosts: HostsFile | undefined): Promise<void>;
  leave(): void;
}

/** Milliseconds that a newcomer waits for others, which may stand still, to learn its name. They learn it once they go on. */
const PATIENCE_MS = 5000;

/**
 * Machines of this process that can talk with each other, and with nobody else: an Ethernet switch with a wire to a
 * card of each. Beside this card a machine has the network that it has anyway.
 *
 * A member has an address (IPv4) for as long as the network exists: a machine that comes back by the same name is found
 * where the one before was. Names are in the hosts file of each guest with vmlet's agent; guests that ask by DHCP are
 * told their address too.
 */
export class Network implements AsyncDisposable {
  /** A label, for people. */
  readonly name: string;
  /** Such as `10.77.0.0/24`. */
  readonly subnet: string;
  /** @internal */
  readonly addresses: Subnet;
  readonly #switch: EthernetSwitch;
  /** As numbers, of all that were ever here. */
  readonly #addressByName = new Map<string, number>();
  readonly #addressByCard = new Map<string, number>();
  readonly #seats = new Map<string, Seat>();
  #isClosed = false;

  /** @internal Made by `createNetwork`. */
  constructor(name: string, subnet: Subnet) {
    this.name = name;
    this.subnet = subnet.text;
    this.addresses = subnet;
    // The first address is the network's own name, the last is everybody's.
    const dhcp = new DhcpServer(subnet, subnet.first + 1, (card) => this.#addressByCard.get(card));
    this.#switch = new EthernetSwitch({ answer: (frame) => dhcp.answer(frame) });
  }

  /** The machines in it now, in the order in which they came. */
  get members(): readonly NetworkMember[] {
    return [...this.#seats.values()].map(({ name, address, mac }) => ({ name, address, mac }));
  }

  /**
   * Keeps machines of different groups from reaching each other: what they send is lost without a word. Within a group,
   * and for machines that are in none, nothing changes. Adds to what earlier calls have parted. It goes by name: a
   * machine that comes back by the same name is parted as the one before was.
   * @param groups names of machines, each of which is or was in the network.
   * @throws InvalidInputError for a name that never was in the network, or that is in two groups.
   */
  partition(...groups: readonly (readonly string[])[]): void {
    const names = groups.flat();
    const unknown = names.find((name) => !this.#addressByName.has(name));
    if (unknown !== undefined) {
      throw new InvalidInputError(
        'partition',
        `${JSON.stringify(unknown)} is not in the network ${this.name}`,
        {
          hint: `it has ${[...this.#addressByName.keys()].join(', ') || 'no machines yet'}`,
        },
      );
    }
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) {
      throw new InvalidInputError('partition', `${JSON.stringify(twice)} is named twice`);
    }
    groups.forEach((group, index) => {
      const others = groups.slice(index + 1).flat();
      for (const one of group) for (const other of others) this.#switch.cut(one, other);
    });
  }

  /** Undoes all that `partition` has done. */
  heal(): void {
    this.#switch.heal();
  }

  /** Unplugs all machines, which run on without it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const seat of this.#seats.values()) seat.leave();
    return Promise.resolve();
  }

  /**
   * @internal For what starts machines.
   * @throws InvalidInputError for a name that a machine in it has, for a network that is full or that was closed.
   */
  take(name: string): NetworkSeat {
    if (this.#isClosed) throw new InvalidInputError('networks', `the network ${this.name} was closed`);
    if (this.#seats.has(name)) {
      throw new InvalidInputError(
        'networks',
        `the network ${this.name} has a machine called ${name} already`,
        {
          hint: 'give this one another name, or one for this network alone: { network, name }',
        },
      );
    }
    const address = this.#addressFor(name);
    const seat = new Seat(this, name, address, {
      switch: this.#switch,
      names: () => this.#names(),
      others: () => [...this.#seats.values()].filter((other) => other.name !== name),
      leave: () => this.#seats.delete(name),
    });
    this.#seats.set(name, seat);
    return seat;
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
        `the network ${this.name} has no address left in ${this.subnet}`,
        {
          hint: 'make it with a larger subnet, such as 10.77.0.0/16',
        },
      );
    }
    this.#addressByName.set(name, address);
    this.#addressByCard.set(parseHardwareAddress(hardwareAddressOf(address)), address);
    return address;
  }
}

interface SeatSurroundings {
  readonly switch: EthernetSwitch;
  readonly names: () => ReadonlyMap<string, string>;
  readonly others: () => readonly Seat[];
  readonly leave: () => void;
}

class Seat implements NetworkSeat {
  readonly network: Network;
  readonly name: string;
  readonly address: string;
  readonly addressWithPrefix: string;
  readonly mac: string;
  readonly #around: SeatSurroundings;
  #hosts: HostsFile | undefined;
  #port: SocketPort | undefined;

  constructor(network: Network, name: string, address: number, around: SeatSurroundings) {
    this.network = network;
    this.name = name;
    this.address = addressText(address);
    this.addressWithPrefix = `${this.address}/${network.addresses.prefix}`;
    this.mac = hardwareAddressOf(address);
    this.#around = around;
  }

  plugIn(socket: Socket): void {
    this.#port = new SocketPort(this.name, socket, this.#around.switch);
  }

  async introduce(hosts: HostsFile | undefined): Promise<void> {
    this.#hosts = hosts;
    const names = this.#around.names();
    await Promise.all([
      hosts?.tell(this.network.subnet, names),
      ...this.#around.others().map(async (other) => other.#hear(names)),
    ]);
  }

  leave(): void {
    this.#around.leave();
    this.#port?.close();
  }

  async #hear(names: ReadonlyMap<string, string>): Promise<void> {
    const patience = new AbortController();
    const told = this.#hosts?.tell(this.network.subnet, names).catch((error: unknown) => {
      // A guest that is gone needs no names; one that cannot write has to be heard of.
      if (error instanceof GuestFileError) throw error;
    });
    // After the patience nobody waits any more for what may still fail.
    told?.catch(() => undefined);
    try {
      await Promise.race([told, delay(PATIENCE_MS, undefined, { signal: patience.signal })]);
    } finally {
      patience.abort();
    }
  }
}
