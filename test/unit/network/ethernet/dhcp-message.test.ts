import { describe, expect, test } from 'vitest';
import {
  type DhcpReply,
  type DhcpRequest,
  readDhcpRequest,
  writeDhcpReply,
} from '../../../../src/network/ethernet/dhcp-message.ts';
import {
  type StreamFrame,
  parseHardwareAddress,
  streamFrame,
} from '../../../../src/network/ethernet/ethernet-frame.ts';

const CARD = Buffer.from(parseHardwareAddress('52:54:00:00:00:07'), 'latin1');
/** The offset of each part in a frame with minimal headers. */
const [ETHERNET, IP, UDP, MESSAGE] = [4, 18, 38, 46] as const;

interface Parts {
  readonly options?: readonly number[];
  readonly ipOptions?: readonly number[];
  /** After the datagram, as Ethernet pads short frames. */
  readonly padding?: number;
}

/** A discovery, as in RFC 2131. */
function request({ options = [53, 1, 1, 255], ipOptions = [], padding = 0 }: Parts = {}): StreamFrame {
  const message = Buffer.alloc(240 + options.length);
  message.set([1, 1, 6, 0, 1, 2, 3, 4, 0, 9, 0x80, 5, 10, 77, 0, 2]);
  message.set(CARD, 28);
  message.writeUInt32BE(0x63825363, 236);
  message.set(options, 240);
  const udp = Buffer.from([0, 68, 0, 67, 0, 0, 0, 0]);
  udp.writeUInt16BE(udp.length + message.length, 4);
  const ip = Buffer.from([
    0x45 + ipOptions.length / 4,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    64,
    17,
    0,
    0,
    0,
    0,
    0,
    0,
    255,
    255,
    255,
    255,
  ]);
  const ethernet = Buffer.concat([Buffer.alloc(6, 0xff), CARD, Buffer.from([8, 0])]);
  return streamFrame(
    Buffer.concat([ethernet, ip, Buffer.from(ipOptions), udp, message, Buffer.alloc(padding)]),
  );
}

function changed(at: number, ...bytes: number[]): StreamFrame {
  const frame = request();
  frame.set(bytes, at);
  return frame;
}

/** A request without the last bytes of its IP header, which states its true length. */
function withShortHeader(): StreamFrame {
  const frame = changed(IP, 0x44);
  return streamFrame(Buffer.concat([frame.subarray(ETHERNET, UDP - 4), frame.subarray(UDP)]));
}

describe('a request', () => {
  test('is parsed at the offsets of RFC 2131', () => {
    expect(readDhcpRequest(request({ options: [53, 1, 3, 50, 4, 10, 77, 0, 2, 255] }))).toEqual({
      type: 3,
      hardware: Buffer.concat([CARD, Buffer.alloc(10)]),
      transaction: 0x01020304,
      flags: 0x8005,
      clientAddress: 0x0a4d0002,
      options: new Map([
        [53, Buffer.from([3])],
        [50, Buffer.from([10, 77, 0, 2])],
      ]),
    });
  });

  test.each<[string, StreamFrame]>([
    ['in a packet with IP options', request({ ipOptions: [1, 1, 1, 0] })],
    ['that must not be fragmented', changed(IP + 6, 0x40)],
    ['in a padded frame', request({ padding: 20 })],
    ['without an end option', request({ options: [53, 1, 1] })],
    [
      'with padding between its options, and bytes after their end',
      request({ options: [0, 0, 53, 1, 1, 255, 9] }),
    ],
    ['with an empty option', request({ options: [80, 0, 53, 1, 1, 255] })],
  ])('is accepted %s', (_, frame) => {
    expect(readDhcpRequest(frame)).toMatchObject({ type: 1, transaction: 0x01020304 });
  });

  test.each<[string, StreamFrame]>([
    ['of another protocol than IPv4', changed(ETHERNET + 12, 0x86, 0xdd)],
    ['of another version of IP', changed(IP, 0x65)],
    ['in a packet whose header is too short', withShortHeader()],
    ['in the first fragment', changed(IP + 6, 0x20)],
    ['in a later fragment', changed(IP + 7, 1)],
    ['in TCP', changed(IP + 9, 6)],
    ['to another port', changed(UDP + 2, 0, 68)],
    ['in a datagram shorter than its header', changed(UDP + 4, 0, 7)],
    ['in a datagram longer than its packet', changed(UDP + 4, 0xff, 0xff)],
    ['that ends before its options', changed(UDP + 4, 0, 8 + 239)],
    ['that is a reply', changed(MESSAGE, 2)],
    ['of another kind of network', changed(MESSAGE + 1, 6)],
    ['of longer addresses', changed(MESSAGE + 2, 8)],
    ['of BOOTP', changed(MESSAGE + 236, 0)],
    ['without a type', request({ options: [50, 4, 10, 77, 0, 2, 255] })],
    ['without options', request({ options: [] })],
    ['with a type after the end of its options', request({ options: [255, 53, 1, 1] })],
    ['with a type of two bytes', request({ options: [53, 2, 1, 1, 255] })],
    ['with a truncated option', request({ options: [53, 1, 1, 50, 4, 10, 77] })],
    ['with an option without a length', request({ options: [53, 1, 1, 50] })],
  ])('is ignored %s', (_, frame) => {
    expect(readDhcpRequest(frame)).toBeUndefined();
  });
});

describe('a reply', () => {
  const asked: DhcpRequest = {
    type: 1,
    hardware: Buffer.concat([CARD, Buffer.alloc(10)]),
    transaction: 0x01020304,
    flags: 0x8005,
    clientAddress: 0,
    options: new Map(),
  };
  const reply: DhcpReply = {
    type: 2,
    yourAddress: 0x0a4d0002,
    serverAddress: 0x0a4d0001,
    serverHardware: parseHardwareAddress('52:54:0a:4d:00:01'),
    options: [[54, Buffer.from([10, 77, 0, 1])]],
  };
  const frame = (): StreamFrame => writeDhcpReply(asked, reply);
  const hex = (from: number, to: number): string => frame().toString('hex', from, to);

  test('is broadcast by the server', () => {
    expect(hex(ETHERNET, IP)).toBe('ffffffffffff' + '52540a4d0001' + '0800');
    // Version, service and length; no fragments; time to live and UDP; its checksum; source and destination.
    expect(hex(IP, UDP)).toBe('45100148' + '00000000' + '4011' + '6f48' + '0a4d0001' + 'ffffffff');
    expect(hex(UDP, MESSAGE)).toBe('0043' + '0044' + '0134' + '0000');
  });

  test('has the server’s hardware address as its source, whatever its bytes', () => {
    const serverHardware = parseHardwareAddress('52:54:c0:a8:05:ff');
    expect(writeDhcpReply(asked, { ...reply, serverHardware }).toString('hex', 10, 16)).toBe('5254c0a805ff');
  });

  test('contains the fields of the request and the assigned address', () => {
    const message = frame().subarray(MESSAGE);
    expect(message.toString('hex', 0, 28)).toBe(
      '02010600' + '01020304' + '00008005' + '00000000' + '0a4d0002' + '0a4d0001' + '00000000',
    );
    expect(message.subarray(28, 44)).toEqual(asked.hardware);
    expect(message.toString('hex', 236, 251)).toBe('63825363' + '350102' + '36040a4d0001' + 'ff' + '00');
  });

  test('has at least 300 bytes, and more if its options need them', () => {
    expect(frame()).toHaveLength(MESSAGE + 300);
    const long = writeDhcpReply(asked, { ...reply, options: [[224, Buffer.alloc(100)]] });
    expect(long).toHaveLength(MESSAGE + 240 + 3 + 102 + 1);
    expect(long.readUInt16BE(IP + 2)).toBe(long.length - IP);
    expect(long.readUInt16BE(UDP + 4)).toBe(long.length - UDP);
    expect(long.readUInt32BE()).toBe(long.length - ETHERNET);
  });
});
