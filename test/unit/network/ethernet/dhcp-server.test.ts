import { expect, test } from 'vitest';
import { DhcpServer } from '../../../../src/network/ethernet/dhcp-server.ts';
import {
  type StreamFrame,
  parseHardwareAddress,
  streamFrame,
} from '../../../../src/network/ethernet/frame.ts';
import { addressNumber, addressText, parseSubnet } from '../../../../src/network/ethernet/subnet.ts';

const OURS = '52:54:0a:4d:00:02';
const server = new DhcpServer(parseSubnet('10.77.0.0/24'), addressNumber('10.77.0.1'), (hardware) =>
  hardware === parseHardwareAddress(OURS) ? addressNumber('10.77.0.2') : undefined,
);

interface Asked {
  readonly type: number;
  readonly mac?: string;
  readonly requested?: string;
  readonly server?: string;
  readonly has?: string;
}

const option = (code: number, text: string | undefined): number[] =>
  text === undefined ? [] : [code, 4, ...text.split('.').map(Number)];

/** As dhclient, udhcpc and systemd-networkd write it: from nowhere to everybody. */
function ask({ type, mac = OURS, requested, server: chosen, has = '0.0.0.0' }: Asked): StreamFrame {
  const message = Buffer.alloc(300);
  message.set([1, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef]);
  message.set(has.split('.').map(Number), 12);
  message.write(parseHardwareAddress(mac), 28, 'latin1');
  message.writeUInt32BE(0x63825363, 236);
  message.set([0, 53, 1, type, ...option(50, requested), ...option(54, chosen), 255], 240);
  const datagram = Buffer.alloc(8);
  datagram.writeUInt16BE(68, 0);
  datagram.writeUInt16BE(67, 2);
  datagram.writeUInt16BE(308, 4);
  const packet = Buffer.alloc(20);
  packet.set([0x45, 0, 328 >> 8, 328 & 0xff, 0, 0, 0, 0, 64, 17]);
  packet.fill(0xff, 16);
  const header = Buffer.alloc(14, 0xff);
  header.write(parseHardwareAddress(mac), 6, 'latin1');
  header.writeUInt16BE(0x0800, 12);
  return streamFrame(Buffer.concat([header, packet, datagram, message]));
}

function read(frame: StreamFrame | undefined) {
  if (!frame) return undefined;
  const packet = frame.subarray(4 + 14);
  let sum = 0;
  for (let at = 0; at < 20; at += 2) sum += packet.readUInt16BE(at);
  const message = packet.subarray(28);
  const options: Record<number, string> = {};
  for (let at = 240; message[at] !== 255; at += 2 + message.readUInt8(at + 1)) {
    options[message.readUInt8(at)] = message
      .subarray(at + 2, at + 2 + message.readUInt8(at + 1))
      .toString('hex');
  }
  return {
    length: frame.readUInt32BE() === frame.length - 4 && packet.readUInt16BE(2) === packet.length,
    checksum: (sum & 0xffff) + (sum >>> 16),
    ports: [packet.readUInt16BE(20), packet.readUInt16BE(22)],
    from: addressText(packet.readUInt32BE(12)),
    transaction: message.readUInt32BE(4),
    yours: addressText(message.readUInt32BE(16)),
    options,
  };
}

const LEASE = { 54: '0a4d0001', 51: 'ffffffff', 1: 'ffffff00', 28: '0a4d00ff' };

test('offers a card its address, and grants it, with no gateway', () => {
  const offer = read(server.answer(ask({ type: 1 })));
  expect(offer).toEqual({
    length: true,
    checksum: 0xffff,
    ports: [67, 68],
    from: '10.77.0.1',
    transaction: 0xdeadbeef,
    yours: '10.77.0.2',
    options: { 53: '02', ...LEASE },
  });
  const taken = { type: 3, requested: '10.77.0.2', server: '10.77.0.1' };
  expect(read(server.answer(ask(taken)))).toMatchObject({
    yours: '10.77.0.2',
    options: { 53: '05', ...LEASE },
  });
  // After the lease was given, and after a reboot.
  expect(read(server.answer(ask({ type: 3, has: '10.77.0.2' })))?.options[53]).toBe('05');
  expect(read(server.answer(ask({ type: 3, requested: '10.77.0.2' })))?.options[53]).toBe('05');
});

test('refuses an address of another network, so that the client asks anew', () => {
  const answer = read(server.answer(ask({ type: 3, requested: '192.168.0.7' })));
  expect(answer?.yours).toBe('0.0.0.0');
  // No lease.
  expect(answer?.options).toEqual({ 53: '06', 54: '0a4d0001' });
});

test('says nothing to strangers, to who took the offer of another, and to what is no request', () => {
  expect(server.answer(ask({ type: 1, mac: '52:54:00:00:00:99' }))).toBeUndefined();
  expect(server.answer(ask({ type: 3, requested: '10.77.0.2', server: '10.0.0.1' }))).toBeUndefined();
  expect(server.answer(ask({ type: 7 }))).toBeUndefined();
});

test('takes an address of a wrong length for none that was named', () => {
  const frame = ask({ type: 3, requested: '10.77.0.2' });
  // The option's length: its last byte then is one of another option, which has no content.
  const at = frame.indexOf(Buffer.from([50, 4, 10, 77, 0, 2]));
  frame.set([50, 3, 10, 77, 0, 0], at);
  expect(read(server.answer(frame))?.options[53]).toBe('06');
});

test('drops whatever is cut short or mangled', () => {
  const whole = ask({ type: 1, requested: '10.77.0.2' });
  for (let length = 0; length < whole.length; length++) {
    expect(() => server.answer(whole.subarray(0, length))).not.toThrow();
    expect(server.answer(whole.subarray(0, length))).toBeUndefined();
  }
  for (let at = 0; at < whole.length; at++) {
    for (const byte of [0, 0xff]) {
      const mangled = Buffer.from(whole);
      mangled[at] = byte;
      expect(() => server.answer(mangled)).not.toThrow();
    }
  }
});
