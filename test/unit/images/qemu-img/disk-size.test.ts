import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { isDiskSize, parseDiskSize, parseWholeSize } from '../../../../src/images/qemu-img/disk-size.ts';

const GiB = 1024 ** 3;

describe('parseDiskSize', () => {
  it.each([
    ['2G', 2 * GiB],
    ['512M', GiB / 2],
    ['1T', 1024 * GiB],
    ['1.5G', 1.5 * GiB],
    ['0.5K', 512],
    ['1048576', 1024 ** 2],
    ['1048576B', 1024 ** 2],
    ['2g', 2 * GiB],
    ['2GiB', 2 * GiB],
    ['2GB', 2 * GiB],
    ['2 GB', 2 * GiB],
    ['1 G', GiB],
    ['512 b', 512],
    ['64k', 65536],
    ['7P', 7 * 1024 ** 2 * GiB],
    ['512', 512],
    ['512b', 512],
    ['1KiB', 1024],
    ['1.50kib', 1536],
    ['0010M', 10 * 1024 ** 2],
    ['9007199254740480', Number.MAX_SAFE_INTEGER - 511],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseDiskSize(text, 'disk')).toBe(bytes);
  });

  it.each([
    ['', 'invalid size'],
    ['G', 'invalid size'],
    ['-1G', 'invalid size'],
    ['+1G', 'invalid size'],
    ['1  G', 'invalid size'],
    ['1 ', 'invalid size'],
    [' 1G', 'invalid size'],
    ['1,5G', 'invalid size'],
    ['.5G', 'invalid size'],
    ['1.G', 'invalid size'],
    ['1e9', 'invalid size'],
    ['0x10', 'invalid size'],
    ['1X', 'invalid size'],
    ['1iB', 'invalid size'],
    ['2G\n', 'invalid size'],
    ['x2G', 'invalid size'],
    ['2Gx', 'invalid size'],
    ['2Gi', 'invalid size'],
    ['1.5.5G', 'invalid size'],
    ['9007199254740991', 'is not a multiple of 512 bytes'],
    ['9007199254740992', 'is too large'],
    ['٢G', 'invalid size'],
    ['0', 'size must be greater than 0'],
    ['0.0G', 'size must be greater than 0'],
    ['100000', 'is not a multiple of 512 bytes'],
    ['100B', 'is not a multiple of 512 bytes'],
    ['20', '20 means 20 bytes; did you mean 20M or 20G?'],
    ['1.3K', 'is not a whole number of bytes'],
    ['9P', 'is too large'],
    ['99999999999999999999T', 'is too large'],
  ])('rejects %j', (text, problem) => {
    const hints: Readonly<Record<string, string>> = {
      'is not a multiple of 512 bytes': 'give a multiple of 512',
      '20 means 20 bytes; did you mean 20M or 20G?': 'add a unit, as in 512M or 2G',
      'is too large': 'less than 8P',
    };
    expect(() => parseDiskSize(text, 'disk')).toThrow(InvalidInputError);
    expect(() => parseDiskSize(text, 'disk')).toThrow(problem);
    expect(() => parseDiskSize(text, 'disk')).toThrow(/^disk: /);
    expect(() => parseDiskSize(text, 'disk')).toThrow(
      expect.objectContaining({
        hint: expect.stringContaining(hints[problem] ?? 'such as 512M, 2G, 1.5G or 1T') as string,
      }),
    );
  });

  it('accepts a number', () => {
    expect(parseWholeSize(1024, 'disk')).toBe(1024);
    expect(parseWholeSize('1K', 'disk')).toBe(1024);
    expect(() => parseWholeSize(512.5, 'disk')).toThrow('disk: 512.5 is not a whole number of bytes');
  });

  it('distinguishes sizes from paths', () => {
    expect(isDiskSize('2G')).toBe(true);
    expect(isDiskSize('./2G')).toBe(false);
    expect(isDiskSize('2G.qcow2')).toBe(false);
  });
});
