import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { type LimitsInput, parseLimits } from '../../../../src/machine/spec/limits.ts';

const GiB = 1024 ** 3;

it('reads the same from text and from an object', () => {
  const expected = { cpus: 1.5, memoryBytes: 3 * GiB };
  expect(parseLimits('cpus=1.5,memory=3G', 2 * GiB)).toEqual(expected);
  expect(parseLimits('memory=3G,cpus=1.5', 2 * GiB)).toEqual(expected);
  expect(parseLimits({ cpus: 1.5, memory: 3 * GiB }, 2 * GiB)).toEqual(expected);
  expect(parseLimits('cpus=2', 2 * GiB)).toEqual({ cpus: 2 });
  expect(parseLimits('none', 2 * GiB)).toBeUndefined();
});

describe('is refused', () => {
  const wrong: readonly LimitsInput[] = [
    ...['', 'cpu=1', 'cpus', 'cpus=', 'cpus=a', 'cpus=0', 'cpus=-1', 'cpus=1,cpus=2', 'cpus=1,', '1.5'],
    ...[{}, { cpus: Number.NaN }, { cpus: '1' } as never, { tasks: 3 } as never],
  ];
  it.each(wrong)('%j', (input) => {
    expect(() => parseLimits(input, GiB)).toThrow(/are no limits/);
  });

  it('memory that does not hold the guest', () => {
    expect(() => parseLimits('memory=2G', 2 * GiB)).toThrow(
      /2048 MiB of memory do not hold a guest of 2048 MiB/,
    );
    expect(() => parseLimits('memory=5Q', 2 * GiB)).toThrow(InvalidInputError);
  });
});
