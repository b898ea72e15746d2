import { DhcpOption, type DhcpRequest, DhcpType, readDhcpRequest, writeDhcpReply } from './dhcp-message.ts';
import { type HardwareAddress, type StreamFrame, parseHardwareAddress } from './ethernet-frame.ts';
import { type Subnet, hardwareAddressOf } from './subnet.ts';

/** RFC 2131, section 3.3: an infinite lease, so that no client has to renew it. */
const FOREVER = 0xffffffff;

export interface DhcpSettings {
  readonly subnet: Subnet;
  /** The server's own address. */
  readonly address: number;
}

/** Settings that a card gets. */
export interface DhcpLease {
  readonly address: number;
  /** In bytes. */
  readonly mtu: number;
}

/**
 * Assigns addresses to the cards of a network, for systems that use DHCP (RFC 2131). It announces no gateway,
 * because guests have one on another card. It is stateless: each card has a fixed address.
 */
export class DhcpServer {
  readonly #subnet: Subnet;
  /** The server's own address; only the replies use it. */
  readonly #address: number;
  readonly #leaseOf: (hardware: HardwareAddress) => DhcpLease | undefined;

  /** @param leaseOf returns the settings of a card; undefined for an unknown card. */
  constructor(
    { subnet, address }: DhcpSettings,
    leaseOf: (hardware: HardwareAddress) => DhcpLease | undefined,
  ) {
    this.#subnet = subnet;
    this.#address = address;
    this.#leaseOf = leaseOf;
  }

  /** @returns the reply; undefined for frames that need none. */
  answer(frame: StreamFrame): StreamFrame | undefined {
    const request = readDhcpRequest(frame);
    if (!request) return undefined;
    const lease = this.#leaseOf(request.hardware.toString('latin1', 0, 6));
    if (lease === undefined) return undefined;
    if (request.type === DhcpType.discover) return this.#reply(request, DhcpType.offer, lease);
    if (request.type !== DhcpType.request) return undefined;
    const server = numberIn(request.options.get(DhcpOption.serverIdentifier));
    // The client has accepted another server's offer.
    if (server !== undefined && server !== this.#address) return undefined;
    const wanted = numberIn(request.options.get(DhcpOption.requestedAddress)) ?? request.clientAddress;
    // The client's address is from another network: it must start again.
    if (wanted !== lease.address) return this.#reply(request, DhcpType.nak, undefined);
    return this.#reply(request, DhcpType.ack, lease);
  }

  #reply(request: DhcpRequest, type: number, lease: DhcpLease | undefined): StreamFrame {
    const settings =
      lease &&
      ([
        [DhcpOption.leaseTime, bytesOf(FOREVER)],
        [DhcpOption.subnetMask, bytesOf((FOREVER << (32 - this.#subnet.prefix)) >>> 0)],
        [DhcpOption.broadcastAddress, bytesOf(this.#subnet.last)],
        [DhcpOption.interfaceMtu, bytesOf(lease.mtu).subarray(2)],
      ] as const);
    return writeDhcpReply(request, {
      type,
      yourAddress: lease?.address ?? 0,
      serverAddress: this.#address,
      serverHardware: parseHardwareAddress(hardwareAddressOf(this.#address)),
      options: [[DhcpOption.serverIdentifier, bytesOf(this.#address)], ...(settings ?? [])],
    });
  }
}

function numberIn(option: Buffer | undefined): number | undefined {
  return option?.length === 4 ? option.readUInt32BE() : undefined;
}

function bytesOf(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
