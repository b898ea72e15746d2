import { expect, it } from 'vitest';
import { internetChecksum } from '../../../../src/util/internet/checksum.ts';

it.each([
  ['', 0xffff],
  ['0000', 0xffff],
  ['ffff', 0],
  ['fffe0001', 0],
  // The example of RFC 1071.
  ['0001f203f4f5f6f7', 0x220d],
])('of %s', (hex, checksum) => {
  expect(internetChecksum(Buffer.from(hex, 'hex'))).toBe(checksum);
});

it('carries repeatedly', () => {
  // 0x8000 times 0x1ffff is 0xffff8000, whose halves make 0x17fff.
  expect(internetChecksum(Buffer.alloc(2 * 0x1ffff, Buffer.from([0x80, 0])))).toBe(0x7fff);
});

it('makes the sum with the checksum all ones', () => {
  const header = Buffer.from('45000073000040004011' + '0000' + 'c0a80001c0a800c7', 'hex');
  expect(internetChecksum(header).toString(16)).toBe('b861');
  header.writeUInt16BE(internetChecksum(header), 10);
  expect(internetChecksum(header)).toBe(0);
});
