import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { type DiskSpec, parseDiskSpec } from '../../../../src/machine/spec/disk-spec.ts';

function refusal(disk: unknown): InvalidInputError {
  try {
    parseDiskSpec(disk as string, 'disks[2]');
  } catch (error) {
    if (error instanceof InvalidInputError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

it('a size is a new disk, and a word with a slash is a path', () => {
  expect(parseDiskSpec('2G', 'disks[0]')).toEqual({ sizeBytes: 2 * 1024 ** 3 });
  expect(parseDiskSpec('./2G,format=raw', 'disks[0]')).toEqual({ path: './2G', format: 'raw' });
});

describe('the format', () => {
  it.each([
    ['a.qcow2', 'qcow2'],
    ['a.raw', 'raw'],
    ['a.iso', 'raw'],
    ['A.ISO', 'raw'],
    ['a.raw.qcow2', 'qcow2'],
    ['/images.raw/a.QCOW2', 'qcow2'],
  ])('of %s is %s by its suffix', (path, format) => {
    expect(parseDiskSpec(path, 'disks[0]')).toEqual({ path, format });
  });

  describe('is ambiguous', () => {
    const directory = temporaryDirectory();

    it.each(['a.img', 'a', 'qcow2', 'x.raw/disk', 'a.qcow2x', 'a.raw.bak', 'a.constructor'])(
      'of %s',
      (name) => {
        const path = join(directory, name);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, '');
        expect(refusal(path).message).toBe(`disks[2]: unknown disk format: ${JSON.stringify(path)}`);
        expect(refusal(path).hint).toContain(',format=qcow2');
      },
    );

    it('is not required if the file does not exist', () => {
      expect(refusal('./nope.img')).toMatchObject({
        message: 'disks[2]: no such file: ./nope.img',
        hint: 'to create a disk, give a size such as 2G or 512M',
      });
      writeFileSync(join(directory, 'file'), '');
      expect(refusal(join(directory, 'file/nope.img')).message).toContain('no such file');
      expect(refusal(directory)).toMatchObject({
        message: `disks[2]: ${directory} is a directory`,
        hint: expect.stringContaining('give a size such as 2G') as string,
      });
    });

    it('is required if it is unknown whether the file exists', () => {
      symlinkSync('loop', join(directory, 'loop'));
      expect(refusal(join(directory, 'loop')).message).toContain('unknown disk format');
    });

    it('shows no control character of a path', () => {
      expect(refusal('./\u001b[2J\u009b2J').message).toBe(
        String.raw`disks[2]: no such file: "./\u001b[2J\u009b2J"`,
      );
    });
  });

  it('that is stated overrides the suffix, and the last one wins', () => {
    expect(parseDiskSpec('a.qcow2,format=raw', 'disks[0]')).toEqual({ path: 'a.qcow2', format: 'raw' });
    expect(parseDiskSpec('a,format=raw,format=qcow2', 'disks[0]')).toMatchObject({
      path: 'a',
      format: 'qcow2',
    });
  });
});

describe('errors about a path', () => {
  it.each<[string, DiskSpec]>([
    ['a.raw,readonly', { path: 'a.raw', format: 'raw', readOnly: true }],
    ['a.raw,trusted', { path: 'a.raw', format: 'raw', trusted: true }],
    ['a,readonly,format=qcow2,trusted', { path: 'a', format: 'qcow2', readOnly: true, trusted: true }],
    ['a,trusted,format=raw,readonly', { path: 'a', format: 'raw', readOnly: true, trusted: true }],
    // Other commas belong to the path.
    ['a\nb\n,format=raw', { path: 'a\nb\n', format: 'raw' }],
    ['a,b.raw', { path: 'a,b.raw', format: 'raw' }],
    ['a,readonly,b.raw', { path: 'a,readonly,b.raw', format: 'raw' }],
    ['a,format=vmdk.raw', { path: 'a,format=vmdk.raw', format: 'raw' }],
    ['a\nb,format=raw', { path: 'a\nb', format: 'raw' }],
    ['a,Readonly.raw', { path: 'a,Readonly.raw', format: 'raw' }],
  ])('%j', (text, disk) => {
    expect(parseDiskSpec(text, 'disks[0]')).toStrictEqual(disk);
  });

  it.each(['', ',format=raw', ',readonly', 'a\0b.raw', 'a\0b'])('leaves no path for %j', (text) => {
    expect(refusal(text).message).toBe(`disks[2]: invalid disk ${JSON.stringify(text)}`);
    expect(refusal(text).hint).toContain('PATH[,format=qcow2|raw][,readonly][,trusted]');
  });
});

describe('a disk as an object', () => {
  it.each<DiskSpec>([
    { sizeBytes: 512 },
    { path: 'a', format: 'qcow2' },
    { path: 'a.qcow2', format: 'raw', readOnly: true, trusted: false },
  ])('%j', (disk) => {
    expect(parseDiskSpec(disk, 'disks[0]')).toEqual(disk);
  });

  it.each([
    { sizeBytes: 0 },
    { sizeBytes: -512 },
    { sizeBytes: 513 },
    { sizeBytes: 512.5 },
    { sizeBytes: '2G' },
    { path: '', format: 'raw' },
    { path: 'a' },
    { path: 'a', format: 'vmdk' },
    { path: 'a', format: 'raw', readOnly: 'yes' },
    { path: 'a', format: 'raw', trusted: 1 },
    { path: 'a', format: 'raw', sizeBytes: 512 },
    { path: 'a', format: 'raw', readonly: true },
    {},
    null,
    5,
  ])('%j is rejected', (disk) => {
    const error = refusal(disk);
    expect(error.message).toBe(`disks[2]: invalid disk ${JSON.stringify(disk)}`);
    expect(error.hint).toContain('{ path, format: "qcow2" | "raw", readOnly?, trusted? }');
  });
});
