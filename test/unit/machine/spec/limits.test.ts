import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { changeOptions } from '../../../../src/machine/spec/machine-options.ts';
import { type LimitsInput, checkHoldsGuest, parseLimits } from '../../../../src/machine/spec/limits.ts';

const GiB = 1024 ** 3;

it('reads the same from text and from an object', () => {
  const expected = { cpus: 1.5, memoryBytes: 3 * GiB };
  expect(parseLimits('cpus=1.5,memory=3G', 2 * GiB)).toEqual(expected);
  expect(parseLimits('memory=3G,cpus=1.5', 2 * GiB)).toEqual(expected);
  expect(parseLimits({ cpus: 1.5, memory: 3 * GiB }, 2 * GiB)).toEqual(expected);
  expect(parseLimits('cpus=2', 2 * GiB)).toEqual({ cpus: 2 });
  expect(parseLimits('none', 2 * GiB)).toBeUndefined();
});

describe('are rejected', () => {
  const wrong: readonly LimitsInput[] = [
    ...['', 'cpu=1', 'cpus', 'cpus=', 'cpus=a', 'cpus=0', 'cpus=-1', 'cpus=1,cpus=2', 'cpus=1,', '1.5'],
    ...[{}, { cpus: Number.NaN }, { cpus: '1' } as never, { tasks: 3 } as never],
  ];
  it.each(wrong)('%j', (input) => {
    expect(() => parseLimits(input, GiB)).toThrow(/invalid value/);
  });

  it('memory that does not hold the guest', () => {
    expect(() => parseLimits('memory=2G', 2 * GiB)).toThrow(
      /a limit of 2048 MiB is too small: the guest has 2048 MiB of memory/,
    );
    expect(() => parseLimits('memory=5Q', 2 * GiB)).toThrow(/^limits: /);
  });
});

it('accepts the smallest and largest values of systemd, and nothing beyond', () => {
  for (const cpus of [0.01, 1, 1024]) expect(parseLimits({ cpus }, GiB)).toStrictEqual({ cpus });
  for (const cpus of [0.009, 1024.5]) expect(() => parseLimits({ cpus }, GiB)).toThrow(/invalid value/);
});

it('contains only the given limits', () => {
  expect(parseLimits({ memory: '3G' }, GiB)).toStrictEqual({ memoryBytes: 3 * GiB });
  expect(parseLimits('memory=3221225472', GiB)).toStrictEqual({ memoryBytes: 3 * GiB });
  expect(parseLimits({ cpus: 2, memory: undefined }, GiB)).toStrictEqual({ cpus: 2 });
});

it('states the expected form, and QEMU’s own needs', () => {
  const hintOf = (input: LimitsInput): string | undefined => {
    try {
      parseLimits(input, GiB);
    } catch (error) {
      if (error instanceof InvalidInputError) return error.hint;
    }
    return undefined;
  };
  expect(() => parseLimits('cpus', GiB)).toThrow('cpus=1.5,memory=3G');
  expect(hintOf('memory=1G')).toContain('150 MiB');
  expect(() => parseLimits('memory=1G', GiB)).toThrow(/^limits: a limit of 1024 MiB is too small/);
});

it.each([
  'xcpus=1',
  'memory=2G\nx',
  'cpus=1;memory=3G',
  'memory=',
  'memory=2G,memory=3G',
  'cpus=1,,memory=3G',
])('rejects %j', (text) => {
  expect(() => parseLimits(text, GiB)).toThrow(`limits: invalid value ${JSON.stringify(text)}: expected `);
});

it('treats no limit, and one without memory, as sufficient', () => {
  expect(() => checkHoldsGuest(undefined, GiB)).not.toThrow();
  expect(() => checkHoldsGuest({ cpus: 1 }, GiB)).not.toThrow();
  expect(() => checkHoldsGuest({ memoryBytes: GiB + 1 }, GiB)).not.toThrow();
  expect(() => checkHoldsGuest({ memoryBytes: GiB }, GiB)).toThrow(InvalidInputError);
});

it.each([
  ['none', true],
  [{}, true],
  [undefined, true],
  [null, false],
  [5, false],
])('options with %j as limits: %s', (value, may) => {
  const issue = changeOptions.limits.safeParse(value).error?.issues[0]?.message;
  expect(issue).toBe(may ? undefined : 'expected an object, or text such as cpus=1.5,memory=3G');
});
