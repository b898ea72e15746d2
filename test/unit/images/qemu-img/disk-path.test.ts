import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { backingName, diskPath } from '../../../../src/images/qemu-img/disk-path.ts';
import { escapeOptionValue } from '../../../../src/images/qemu-img/option-value.ts';
import { progressReader } from '../../../../src/images/qemu-img/qemu-img-progress.ts';

describe('diskPath', () => {
  it('makes paths absolute, so that no character is special', () => {
    for (const name of ['-f', 'nbd:x', 'json:{}', 'a,b=c', ' ', 'a\nb', 'ü🙂']) {
      expect(diskPath(name, 'path')).toBe(`${process.cwd()}/${name}`);
    }
  });

  it.each(['', 'a\0b', 'half \ud800 a pair'])('rejects %j', (path) => {
    expect(() => diskPath(path, 'path')).toThrow(InvalidInputError);
  });

  it('rejects a backing name that is too long in bytes', () => {
    expect(backingName('x'.repeat(1023))).toHaveLength(1023);
    expect(() => backingName('ü'.repeat(512))).toThrow('1024 bytes');
  });

  it('doubles commas in option values', () => {
    expect(escapeOptionValue('/a,b,,c=d')).toBe('/a,,b,,,,c=d');
  });
});

describe('qemu-img progress', () => {
  it('is parsed in any chunks', () => {
    const text = '    (0.00/100%)\r    (12.34/100%)\r    (100.00/100%)\r\n';
    for (let size = 1; size <= text.length; size++) {
      const seen: number[] = [];
      const read = progressReader((fraction) => seen.push(fraction));
      for (let at = 0; at < text.length; at += size) read(Buffer.from(text.slice(at, at + size)));
      expect(seen).toEqual([0, 0.1234, 1]);
    }
  });
});
