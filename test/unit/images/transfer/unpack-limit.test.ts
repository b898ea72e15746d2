import { expect, test } from 'vitest';
import { localSubject } from '../../../../src/images/transfer/subject.ts';
import { UnpackLimit } from '../../../../src/images/transfer/unpack-limit.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

const RAW = Buffer.alloc(1024, 'x');

function qcow2(virtualBytes: number): Buffer {
  const head = Buffer.alloc(1024);
  head.write('QFI\xfb', 'latin1');
  head.writeUInt32BE(16, 20);
  head.writeBigUInt64BE(BigInt(virtualBytes), 24);
  return head;
}

interface Unpacking {
  readonly head: Buffer;
  readonly bytes: number;
  /** Equal to `bytes` by default. */
  readonly written?: number;
  readonly announced?: number;
  readonly anySize?: boolean;
}

/** The verdict on a file of that size, with 10 GiB of free space, when 64 KiB more arrive. */
function refusal({ head, bytes, written = bytes, announced, anySize = false }: Unpacking): string {
  const subject = localSubject('/image');
  const options = { subject, maxBytes: 100 * GIB, reserveBytes: 0, announcedBytes: announced, anySize };
  try {
    const limit = new UnpackLimit({ head, bytes, writtenBytes: written }, 10 * GIB, options);
    limit.check(64 * 1024);
  } catch (error) {
    return (error as Error).message;
  }
  return 'taken';
}

const HEADER = /unpacks to more than the .* stated in its header/;
const HALF =
  /unpacks to more than 5 GiB \(half of the free space\); this limit applies because the header of the file does not state a disk size/;
const LARGER =
  /unpacks to more than 5 GiB \(half of the free space\); this limit applies because the header of the file states a size of 50\.1 GiB, which exceeds the free space/;
const MOST = /unpacks to more than 100 GiB, the largest size that vmlet accepts/;

test.each<[string, Unpacking, RegExp | 'taken']>([
  ['a qcow2 within its disk', { head: qcow2(8 * GIB), bytes: 7 * GIB }, 'taken'],
  ['a qcow2 of a larger disk than the free space', { head: qcow2(50 * GIB), bytes: 4 * GIB }, 'taken'],
  ['the same, when it occupies half of the space', { head: qcow2(50 * GIB), bytes: 5 * GIB }, LARGER],
  ['a qcow2 beyond its disk', { head: qcow2(MIB), bytes: 70 * MIB }, HEADER],
  ['a qcow2 that states more than its disk', { head: qcow2(MIB), bytes: 1024, announced: GIB }, HEADER],
  ['a qcow2 that states its disk', { head: qcow2(8 * GIB), bytes: 1024, announced: 8 * GIB }, 'taken'],
  ['a raw disk of less than half of the space', { head: RAW, bytes: 4 * GIB }, 'taken'],
  ['a raw disk of more than half of the space', { head: RAW, bytes: 5 * GIB }, HALF],
  ['a sparse raw disk of any length', { head: RAW, bytes: 99 * GIB, written: GIB }, 'taken'],
  ['a sparse raw disk that states its length', { head: RAW, bytes: 1024, announced: 99 * GIB }, 'taken'],
  ['a disk beyond every limit', { head: RAW, bytes: 100 * GIB, written: 0 }, MOST],
  ['a disk that states more than every limit', { head: RAW, bytes: 0, announced: 101 * GIB }, MOST],
  ['a disk without a header yet', { head: RAW.subarray(0, 10), bytes: 10, announced: GIB }, 'taken'],
  ['any disk if the limit is raised', { head: qcow2(MIB), bytes: 9 * GIB, anySize: true }, 'taken'],
  ['a disk beyond the raised limit', { head: RAW, bytes: 100 * GIB, written: 0, anySize: true }, MOST],
])('%s', (_, unpacking, expected) => {
  if (expected === 'taken') expect(refusal(unpacking)).toBe('taken');
  else expect(refusal(unpacking)).toMatch(expected);
});
