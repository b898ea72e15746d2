import { expect, test } from 'vitest';
import { type DhcpAsked, dhcpRequest } from '../../../../fixtures/network/dhcp-request.ts';
import { DhcpServer } from '../../../../src/network/ethernet/dhcp-server.ts';
import { type StreamFrame, parseHardwareAddress } from '../../../../src/network/ethernet/ethernet-frame.ts';
import { addressNumber, addressText, parseSubnet } from '../../../../src/network/ethernet/subnet.ts';

const OURS = '52:54:0a:4d:00:02';
const server = new DhcpServer(
  { subnet: parseSubnet('10.77.0.0/24'), address: addressNumber('10.77.0.1') },
  (hardware) =>
    hardware === parseHardwareAddress(OURS) ? { address: addressNumber('10.77.0.2'), mtu: 9000 } : undefined,
);

const ask = (asked: Omit<DhcpAsked, 'mac'> & { readonly mac?: string }) =>
  dhcpRequest({ mac: OURS, ...asked });

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

const LEASE = { 54: '0a4d0001', 51: 'ffffffff', 1: 'ffffff00', 28: '0a4d00ff', 26: '2328' };

test('offers a card its address, and assigns it, without a gateway', () => {
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
  // A renewal, and a request after a reboot.
  expect(read(server.answer(ask({ type: 3, has: '10.77.0.2' })))?.options[53]).toBe('05');
  expect(read(server.answer(ask({ type: 3, requested: '10.77.0.2' })))?.options[53]).toBe('05');
});

test('rejects an address of another network, so that the client starts again', () => {
  const answer = read(server.answer(ask({ type: 3, requested: '192.168.0.7' })));
  expect(answer?.yours).toBe('0.0.0.0');
  // No lease.
  expect(answer?.options).toEqual({ 53: '06', 54: '0a4d0001' });
});

test('does not answer unknown clients, clients of another server, and messages that are not requests', () => {
  expect(server.answer(ask({ type: 1, mac: '52:54:00:00:00:99' }))).toBeUndefined();
  expect(server.answer(ask({ type: 3, requested: '10.77.0.2', server: '10.0.0.1' }))).toBeUndefined();
  expect(server.answer(ask({ type: 7 }))).toBeUndefined();
});

test('ignores a requested address of the wrong length', () => {
  const frame = ask({ type: 3, requested: '10.77.0.2' });
  // The option’s length: its last byte then belongs to another option, which is empty.
  const at = frame.indexOf(Buffer.from([50, 4, 10, 77, 0, 2]));
  frame.set([50, 3, 10, 77, 0, 0], at);
  expect(read(server.answer(frame))?.options[53]).toBe('06');
});

test('drops truncated and malformed frames', () => {
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
