import { internetChecksum } from '../../util/internet/checksum.ts';
import {
  ETHERNET_HEADER_BYTES,
  type HardwareAddress,
  LENGTH_BYTES,
  type StreamFrame,
  streamFrame,
} from './ethernet-frame.ts';

/** RFC 2132, section 9.6. */
export const DhcpType = { discover: 1, offer: 2, request: 3, ack: 5, nak: 6 } as const;

/** RFC 2132. */
export const DhcpOption = {
  pad: 0,
  subnetMask: 1,
  interfaceMtu: 26,
  broadcastAddress: 28,
  requestedAddress: 50,
  leaseTime: 51,
  messageType: 53,
  serverIdentifier: 54,
  end: 255,
} as const;

/** A client's request (RFC 2131). */
export interface DhcpRequest {
  readonly type: number;
  /** The client's hardware address field, 16 bytes. */
  readonly hardware: Buffer;
  readonly transaction: number;
  readonly flags: number;
  /** The client's current address. */
  readonly clientAddress: number;
  readonly options: ReadonlyMap<number, Buffer>;
}

export interface DhcpReply {
  readonly type: number;
  /** 0 for none. */
  readonly yourAddress: number;
  readonly serverAddress: number;
  readonly serverHardware: HardwareAddress;
  readonly options: readonly (readonly [number, Buffer])[];
}

const ETHERTYPE_IPV4 = 0x0800;
const UDP = 17;
const SERVER_PORT = 67;
const CLIENT_PORT = 68;
const IP_BYTES = 20;
const UDP_BYTES = 8;
const MAGIC = 0x63825363;
const MAGIC_OFFSET = 236;
/** Some clients reject shorter messages: a BOOTP message has 300 bytes (RFC 1542, section 2.1). */
const SHORTEST_MESSAGE = 300;

/** @returns undefined for any other frame. */
export function readDhcpRequest(frame: StreamFrame): DhcpRequest | undefined {
  const message = udpContent(frame.subarray(LENGTH_BYTES));
  if (!message || message.length < MAGIC_OFFSET + 4 || message.readUInt32BE(MAGIC_OFFSET) !== MAGIC) return;
  // A request over Ethernet, whose addresses have six bytes.
  if (message[0] !== 1 || message[1] !== 1 || message[2] !== 6) return;
  const options = readOptions(message.subarray(MAGIC_OFFSET + 4));
  const type = options?.get(DhcpOption.messageType);
  if (!options || type?.length !== 1) return;
  return {
    type: type.readUInt8(),
    hardware: message.subarray(28, 44),
    transaction: message.readUInt32BE(4),
    flags: message.readUInt16BE(10),
    clientAddress: message.readUInt32BE(12),
    options,
  };
}

/** The payload of an unfragmented UDP datagram for the server. */
function udpContent(ethernet: Buffer): Buffer | undefined {
  if (ethernet.length < ETHERNET_HEADER_BYTES + IP_BYTES || ethernet.readUInt16BE(12) !== ETHERTYPE_IPV4)
    return;
  const packet = ethernet.subarray(ETHERNET_HEADER_BYTES);
  const headerBytes = (packet.readUInt8() & 0x0f) * 4;
  const isFragment = (packet.readUInt16BE(6) & 0x3fff) !== 0;
  const isUdp = packet.readUInt8() >> 4 === 4 && packet[9] === UDP && !isFragment;
  if (!isUdp || headerBytes < IP_BYTES || packet.length < headerBytes + UDP_BYTES) return;
  const datagram = packet.subarray(headerBytes);
  const length = datagram.readUInt16BE(4);
  if (datagram.readUInt16BE(2) !== SERVER_PORT || length > datagram.length) return;
  return datagram.subarray(UDP_BYTES, length);
}

/** @returns undefined for malformed options. */
function readOptions(bytes: Buffer): Map<number, Buffer> | undefined {
  const options = new Map<number, Buffer>();
  for (let at = 0; ;) {
    const code = bytes[at++];
    if (code === undefined || code === DhcpOption.end) break;
    if (code === DhcpOption.pad) continue;
    const length = bytes[at++];
    if (length === undefined || at + length > bytes.length) return undefined;
    options.set(code, bytes.subarray(at, at + length));
    at += length;
  }
  return options;
}

/** Broadcast on the client's link: the client may not be able to receive unicast yet. */
export function writeDhcpReply(request: DhcpRequest, reply: DhcpReply): StreamFrame {
  const typed = [[DhcpOption.messageType, Buffer.of(reply.type)] as const, ...reply.options];
  const options = Buffer.concat([
    ...typed.flatMap(([code, value]) => [Buffer.of(code, value.length), value]),
    Buffer.of(DhcpOption.end),
  ]);
  const message = Buffer.alloc(Math.max(MAGIC_OFFSET + 4 + options.length, SHORTEST_MESSAGE));
  message.set([2, 1, 6, 0]);
  message.writeUInt32BE(request.transaction, 4);
  message.writeUInt16BE(request.flags, 10);
  message.writeUInt32BE(reply.yourAddress, 16);
  message.writeUInt32BE(reply.serverAddress, 20);
  message.set(request.hardware, 28);
  message.writeUInt32BE(MAGIC, MAGIC_OFFSET);
  message.set(options, MAGIC_OFFSET + 4);
  return streamFrame(
    Buffer.concat([
      ethernetHeader(reply),
      ipHeader(reply, message.length),
      udpHeader(message.length),
      message,
    ]),
  );
}

function ethernetHeader({ serverHardware }: DhcpReply): Buffer {
  const header = Buffer.alloc(ETHERNET_HEADER_BYTES, 0xff);
  header.write(serverHardware, 6, 'latin1');
  header.writeUInt16BE(ETHERTYPE_IPV4, 12);
  return header;
}

function ipHeader({ serverAddress }: DhcpReply, messageBytes: number): Buffer {
  const header = Buffer.alloc(IP_BYTES);
  header.set([0x45, 0x10]);
  header.writeUInt16BE(IP_BYTES + UDP_BYTES + messageBytes, 2);
  header.set([64, UDP], 8);
  header.writeUInt32BE(serverAddress, 12);
  header.writeUInt32BE(0xffffffff, 16);
  header.writeUInt16BE(internetChecksum(header), 10);
  return header;
}

/** Without a checksum, which IPv4 permits. */
function udpHeader(messageBytes: number): Buffer {
  const header = Buffer.alloc(UDP_BYTES);
  header.writeUInt16BE(SERVER_PORT, 0);
  header.writeUInt16BE(CLIENT_PORT, 2);
  header.writeUInt16BE(UDP_BYTES + messageBytes, 4);
  return header;
}
