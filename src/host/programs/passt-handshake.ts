import { type Socket, connect, createServer } from 'node:net';
import { once } from 'node:events';
import { internetChecksum } from '../../util/internet/checksum.ts';

const GUEST = { mac: Buffer.from('020000000001', 'hex'), address: Buffer.from([192, 0, 2, 15]), port: 7 };
const GATEWAY_ADDRESS = Buffer.from([192, 0, 2, 2]);
const BROADCAST = Buffer.alloc(6, 0xff);
const ETHERNET_BYTES = 14;
const IPV4_BYTES = 20;
const ARP = 0x0806;
const ARP_REPLY = 2;
const IPV4 = 0x0800;
const TCP = 6;
const SYN = 0x02;
const ACK = 0x10;

/** Returns a host port that is free at the moment, for passt to forward. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
  return address.port;
}

/**
 * Returns whether passt completes the handshake of a forwarded connection before the host's side sends anything. passt
 * of 2023 does not: the host never hears a server in the guest that sends first (SMTP, MySQL).
 *
 * Plays the guest on passt's socket, where each frame follows its length: announces its hardware address with an ARP
 * request, answers SYN with SYN and ACK, and checks that passt's ACK arrives before the replies to two more ARP
 * requests, sent one after the other. passt handles frames in order, so no time limit is needed.
 * @returns undefined when passt closes the connection first.
 * @param socket connected to a passt that forwards 127.0.0.1 port `hostPort` to port 7 of its guest.
 */
export async function completesHandshake(socket: Socket, hostPort: number): Promise<boolean | undefined> {
  const frames = framesOf(socket);
  const next = async (wanted: (frame: Buffer) => boolean): Promise<Buffer | undefined> => {
    for (;;) {
      const { value, done } = await frames.next();
      if (done === true || wanted(value)) return value;
    }
  };
  socket.write(arpRequest());
  if ((await next(isArpReply)) === undefined) return undefined;
  const client = connect({ host: '127.0.0.1', port: hostPort });
  // A failed connection shows by its missing SYN.
  client.on('error', () => undefined);
  try {
    const syn = await next(isSyn);
    if (syn === undefined) return undefined;
    socket.write(synAck(syn));
    let answers = 0;
    socket.write(arpRequest());
    const last = await next((frame) => {
      if (isAck(frame)) return true;
      if (!isArpReply(frame)) return false;
      answers += 1;
      if (answers === 1) socket.write(arpRequest());
      return answers === 2;
    });
    return last && isAck(last);
  } finally {
    client.destroy();
  }
}

async function* framesOf(socket: Socket): AsyncGenerator<Buffer, undefined> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE(0)) {
      const end = 4 + rest.readUInt32BE(0);
      yield rest.subarray(4, end);
      rest = rest.subarray(end);
    }
  }
}

function typeOf(frame: Buffer): number {
  return frame.length < ETHERNET_BYTES + IPV4_BYTES ? 0 : frame.readUInt16BE(12);
}

function flagsOf(frame: Buffer): number {
  const isTcp = typeOf(frame) === IPV4 && frame[ETHERNET_BYTES + 9] === TCP;
  return isTcp ? (frame[ETHERNET_BYTES + IPV4_BYTES + 13] ?? 0) : 0;
}

function isSyn(frame: Buffer): boolean {
  return (flagsOf(frame) & (SYN | ACK)) === SYN;
}

function isAck(frame: Buffer): boolean {
  return (flagsOf(frame) & (SYN | ACK)) === ACK;
}

/** passt of 2026 also sends ARP requests for the guest's address. */
function isArpReply(frame: Buffer): boolean {
  return typeOf(frame) === ARP && frame.readUInt16BE(ETHERNET_BYTES + 6) === ARP_REPLY;
}

/** RFC 826: who has the gateway's address. */
function arpRequest(): Buffer {
  const [fixed, unknown] = [Buffer.from('0001080006040001', 'hex'), Buffer.alloc(6)];
  const body = Buffer.concat([fixed, GUEST.mac, GUEST.address, unknown, GATEWAY_ADDRESS]);
  return ethernet(BROADCAST, ARP, body);
}

/** The answer to a SYN, from its addresses, ports and sequence number. */
function synAck(syn: Buffer): Buffer {
  const ip = syn.subarray(ETHERNET_BYTES);
  const theirs = ip.subarray(IPV4_BYTES);
  const tcp = Buffer.alloc(20);
  tcp.writeUInt16BE(GUEST.port, 0);
  theirs.copy(tcp, 2, 0, 2);
  tcp.writeUInt32BE(1, 4);
  tcp.writeUInt32BE((theirs.readUInt32BE(4) + 1) >>> 0, 8);
  tcp.writeUInt8(5 << 4, 12);
  tcp.writeUInt8(SYN | ACK, 13);
  tcp.writeUInt16BE(65_535, 14);
  const header = Buffer.alloc(IPV4_BYTES);
  header.writeUInt8(0x45, 0);
  header.writeUInt16BE(IPV4_BYTES + tcp.length, 2);
  header.writeUInt8(64, 8);
  header.writeUInt8(TCP, 9);
  const [from, to] = [ip.subarray(16, 20), ip.subarray(12, 16)];
  Buffer.concat([from, to]).copy(header, 12);
  header.writeUInt16BE(internetChecksum(header), 10);
  const pseudo = Buffer.concat([from, to, Buffer.from([0, TCP, 0, tcp.length])]);
  tcp.writeUInt16BE(internetChecksum(Buffer.concat([pseudo, tcp])), 16);
  return ethernet(syn.subarray(6, 12), IPV4, Buffer.concat([header, tcp]));
}

function ethernet(to: Buffer, type: number, body: Buffer): Buffer {
  const head = Buffer.alloc(4 + 2);
  head.writeUInt32BE(ETHERNET_BYTES + body.length, 0);
  head.writeUInt16BE(type, 4);
  return Buffer.concat([head.subarray(0, 4), to, GUEST.mac, head.subarray(4), body]);
}
