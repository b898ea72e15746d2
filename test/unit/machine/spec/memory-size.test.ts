import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { parseMemory } from '../../../../src/machine/spec/memory-size.ts';

const MiB = 1024 ** 2;

it.each([
  [32 * MiB, 32],
  [32 * MiB + 1, 33],
  ['33554432', 32],
  ['33554433', 33],
  ['512M', 512],
  ['1.5G', 1536],
  ['1T', 1024 ** 2],
])('%s is %d whole mebibytes', (memory, mebibytes) => {
  expect(parseMemory(memory)).toBe(mebibytes * MiB);
});

describe('is rejected:', () => {
  it.each([0, -1, MiB, 32 * MiB - 1, '0', '31M', '2048B', '2048.0', '33554431'])(
    '%s, which is too small for a guest',
    (memory) => {
      expect(() => parseMemory(memory)).toThrow(InvalidInputError);
      expect(() => parseMemory(memory)).toThrow(`memory: ${memory} is less than the minimum of 32 MiB`);
    },
  );

  it.each([Number.NaN, Infinity, 64 * MiB + 0.5, Number.MAX_SAFE_INTEGER, '9007199254740993'])(
    '%s, which is too large',
    (memory) => {
      expect(() => parseMemory(memory)).toThrow(
        expect.objectContaining({
          message: `memory: ${memory} is not a valid size`,
          hint: expect.stringContaining('such as 512M') as string,
        }),
      );
    },
  );

  it('with a hint', () => {
    expect(() => parseMemory('31M')).toThrow(expect.objectContaining({ hint: 'use at least 32M' }));
  });

  it.each([2048, '2048', 1, '1048575'])('%j, without a unit', (memory) => {
    expect(() => parseMemory(memory)).toThrow(
      expect.objectContaining({
        message: `memory: ${memory} means ${memory} bytes; did you mean ${memory}M?`,
        hint: 'add a unit, as in 512M or 2G; a number without a unit is in bytes',
      }),
    );
  });

  it.each(['', 'much', '5Q', '1  G', '-1', '1e9', '0x4000000', 'M512M'])(
    '%j, which is not a size',
    (memory) => {
      expect(() => parseMemory(memory)).toThrow(`memory: invalid size ${JSON.stringify(memory)}`);
    },
  );
});
