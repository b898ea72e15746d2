import { describe, expect, it } from 'vitest';
import { formatBytes } from '../../../src/util/format-bytes.ts';

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [0.5, '0.5 B'],
    [1, '1 B'],
    [512, '512 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1024 ** 2 - 1, '1024.0 KiB'],
    [1024 ** 2, '1 MiB'],
    [1024 ** 4, '1 TiB'],
    [1024 ** 5, '1 PiB'],
    [5000 * 1024 ** 5, '5000 PiB'],
    [1536, '1.5 KiB'],
    [2 * 1024 ** 3, '2 GiB'],
  ])('%d is %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
