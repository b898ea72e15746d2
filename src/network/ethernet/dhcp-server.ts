import { DhcpOption, type DhcpRequest, DhcpType, readDhcpRequest, writeDhcpReply } from './dhcp-message.ts';
import { type HardwareAddress, type StreamFrame, parseHardwareAddress } from './frame.ts';
import { type Subnet, hardwareAddressOf } from './subnet.ts';

/** RFC 2131, section 3.3: this lease has no end, so that nobody has to come back. */
const FOREVER = 0xffffffff;

/**
 * Tells the cards of a network their addresses, for systems that ask (RFC 2131), and no gateway: they have that
 * elsewhere. It has no state: each card has its own address.
 */
export class DhcpServer {
  readonly #subnet: Subnet;
  /** Its own, of which nothing but the answers comes. */
  readonly #address: number;
  readonly #addressOf: (hardware: HardwareAddress) => number | undefined;

  /** @param addressOf the address that a card has; undefined for a card of somebody else's. */
  constructor(subnet: Subnet, address: number, addressOf: (hardware: HardwareAddress) => number | undefined) {
    this.#subnet = subnet;
    this.#address = address;
    this.#addressOf = addressOf;
  }

  /** @returns the answer, where the frame asks something that is to be answered. */
  answer(frame: StreamFrame): StreamFrame | undefined {
    const request = readDhcpRequest(frame);
    if (!request) return undefined;
    const address = this.#addressOf(request.hardware.toString('latin1', 0, 6));
    if (address === undefined) return undefined;
    if (request.type === DhcpType.discover) return this.#reply(request, DhcpType.offer, address);
    if (request.type !== DhcpType.request) return undefined;
    const server = numberIn(request.options.get(DhcpOption.serverIdentifier));
    // It has taken another server's offer.
    if (server !== undefined && server !== this.#address) return undefined;
    const wanted = numberIn(request.options.get(DhcpOption.requestedAddress)) ?? request.clientAddress;
    // What it has is from another network: it asks anew.
    if (wanted !== address) return this.#reply(request, DhcpType.nak, undefined);
    return this.#reply(request, DhcpType.ack, address);
  }

  #reply(request: DhcpRequest, type: number, address: number | undefined): StreamFrame {
    const lease = [
      [DhcpOption.leaseTime, bytesOf(FOREVER)],
      [DhcpOption.subnetMask, bytesOf((FOREVER << (32 - this.#subnet.prefix)) >>> 0)],
      [DhcpOption.broadcastAddress, bytesOf(this.#subnet.last)],
    ] as const;
    return writeDhcpReply(request, {
      type,
      yourAddress: address ?? 0,
      serverAddress: this.#address,
      serverHardware: parseHardwareAddress(hardwareAddressOf(this.#address)),
      options: [
        [DhcpOption.serverIdentifier, bytesOf(this.#address)],
        ...(address === undefined ? [] : lease),
      ],
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
