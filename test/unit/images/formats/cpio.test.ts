import { describe, expect, it } from 'vitest';
import { type CpioEntry, cpioArchive } from '../../../../src/images/formats/cpio.ts';

const entries: CpioEntry[] = [
  { type: 'directory', path: 'dev', mode: 0o755 },
  { type: 'character-device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
  { type: 'file', path: 'a', mode: 0o755, data: Buffer.from('12345') },
  { type: 'symlink', path: 'ü', target: 'a' },
];

interface Member {
  readonly inode: number;
  readonly links: number;
  readonly mode: number;
  readonly path: string;
  readonly data: string;
  readonly device: readonly [number, number];
  readonly mtime: number;
}

/** An independent implementation of the format, from its description. */
function readMembers(archive: Buffer): Member[] {
  const members: Member[] = [];
  let at = 0;
  for (;;) {
    expect(archive.toString('latin1', at, at + 6)).toBe('070701');
    const field = (index: number): number =>
      parseInt(archive.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
    const nameSize = field(11);
    const path = archive.toString('utf8', at + 110, at + 110 + nameSize - 1);
    const dataAt = Math.ceil((at + 110 + nameSize) / 4) * 4;
    const size = field(6);
    if (path === 'TRAILER!!!') {
      expect(dataAt + size).toBe(archive.length);
      return members;
    }
    members.push({
      inode: field(0),
      links: field(4),
      mode: field(1),
      path,
      data: archive.toString('utf8', dataAt, dataAt + size),
      device: [field(9), field(10)],
      mtime: field(5),
    });
    at = Math.ceil((dataAt + size) / 4) * 4;
  }
}

describe('cpioArchive', () => {
  it('writes directories, devices, files and symbolic links', () => {
    // Several links to one inode would be one file.
    expect(readMembers(cpioArchive(entries))).toEqual([
      { inode: 1, links: 2, mode: 0o040755, path: 'dev', data: '', device: [0, 0], mtime: 0 },
      { inode: 2, links: 1, mode: 0o020600, path: 'dev/console', data: '', device: [5, 1], mtime: 0 },
      { inode: 3, links: 1, mode: 0o100755, path: 'a', data: '12345', device: [0, 0], mtime: 0 },
      { inode: 4, links: 1, mode: 0o120777, path: 'ü', data: 'a', device: [0, 0], mtime: 0 },
    ]);
  });

  it('produces the same bytes for the same entries', () => {
    expect(cpioArchive(entries).equals(cpioArchive(entries))).toBe(true);
  });

  it('ends at a multiple of four, so that another archive can be appended', () => {
    for (const length of [0, 1, 2, 3, 4]) {
      const archive = cpioArchive([{ type: 'file', path: 'f', mode: 0o644, data: Buffer.alloc(length) }]);
      expect(archive.length % 4).toBe(0);
    }
  });

  it('accepts a view into a larger buffer', () => {
    const view = new Uint8Array(Buffer.from('xxhixx').buffer, Buffer.from('xxhixx').byteOffset, 6).subarray(
      2,
      4,
    );
    const [member] = readMembers(cpioArchive([{ type: 'file', path: 'f', mode: 0o644, data: view }]));
    expect(member?.data).toBe('hi');
  });
});
