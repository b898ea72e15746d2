import { expect, test } from 'vitest';
import { longestFileOf } from '../../../../src/images/formats/declared-size.ts';

const MIB = 1024 * 1024;

function qcow2({ clusterBits = 16, virtualBytes = 1024 * MIB, snapshots = 0 } = {}): Buffer {
  const head = Buffer.alloc(1024);
  head.write('QFI\xfb', 'latin1');
  head.writeUInt32BE(3, 4);
  head.writeUInt32BE(clusterBits, 20);
  head.writeBigUInt64BE(BigInt(virtualBytes), 24);
  head.writeUInt32BE(snapshots, 60);
  return head;
}

test('a qcow2 is as large as its disk plus tables', () => {
  expect(longestFileOf(qcow2())).toBe(1024 * MIB + 1024 * MIB * (24 / 65_536) + 64 * MIB);
  expect(longestFileOf(qcow2({ clusterBits: 9 }))).toBe(1024 * MIB + 48 * MIB + 64 * MIB);
  expect(longestFileOf(qcow2({ clusterBits: 21, virtualBytes: 0 }))).toBe(64 * MIB);
});

test.each([
  ['has snapshots', { snapshots: 1 }],
  ['has clusters that are too small', { clusterBits: 8 }],
  ['has clusters that are too large', { clusterBits: 22 }],
])('a qcow2 that %s has no stated size', (_, header) => {
  expect(longestFileOf(qcow2(header))).toBeUndefined();
});

test('a raw disk with a GPT ends with the backup table', () => {
  const head = Buffer.alloc(1024);
  head.write('EFI PART', 512, 'latin1');
  head.writeBigUInt64LE(2047n, 512 + 32);
  expect(longestFileOf(head)).toBe(MIB + 64 * MIB);
  expect(longestFileOf(head.subarray(0, 540))).toBeUndefined();
});

test.each([
  ['nothing', Buffer.alloc(0)],
  ['zeros', Buffer.alloc(1024)],
  ['half of a header', qcow2().subarray(0, 63)],
  ['an MBR', Buffer.concat([Buffer.alloc(510), Buffer.from([0x55, 0xaa])])],
])('%s has no stated size', (_, head) => {
  expect(longestFileOf(head)).toBeUndefined();
});
