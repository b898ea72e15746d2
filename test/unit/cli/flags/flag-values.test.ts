import { InvalidArgumentError } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  choice,
  collect,
  durationMs,
  guestEnvironment,
  lineCount,
  pointInTime,
  requireDryRun,
  wholeNumber,
} from '../../../../src/cli/flags/flag-values.ts';

const DAY_MS = 24 * 3_600_000;

describe('a time', () => {
  it.each([
    ['90', 90_000],
    ['1.5', 1500],
    ['1500ms', 1500],
    ['0.5ms', 0.5],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1.5m', 90_000],
    ['1h', 3_600_000],
    ['2.25h', 8_100_000],
    ['576h', 24 * DAY_MS],
  ])('of %s is %d ms', (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });

  it.each([
    '',
    '0',
    '0.0h',
    '-1',
    '1d',
    '1 h',
    'h',
    '.5',
    '5.',
    '1h30m',
    '1H',
    'x1h',
    '1e3',
    '576.1h',
    '577h',
  ])('cannot be %j', (text) => {
    expect(() => durationMs(text)).toThrow(InvalidArgumentError);
    expect(() => durationMs(text)).toThrow(/at most 24 days/);
  });
});

describe.each([
  ['a whole number', wholeNumber, /a whole number/],
  ['a number of lines', lineCount, /a number of lines/],
])('%s', (_, parse, expected) => {
  it.each([
    ['0', 0],
    ['007', 7],
    ['999999999', 999_999_999],
  ])('can be %j', (text, number) => {
    expect(parse(text)).toBe(number);
  });

  it.each(['', '-1', '1.5', '1e3', ' 1', '1 ', '0x1', 'a', '1000000000'])('cannot be %j', (text) => {
    expect(() => parse(text)).toThrow(InvalidArgumentError);
    expect(() => parse(text)).toThrow(expected);
  });
});

it('a flag with choices shows them, and the library validates the value', () => {
  const option = choice('--net <kind>', 'the network', ['passt', 'slirp']);
  expect([option.long, option.description, option.argChoices]).toEqual([
    '--net',
    'the network',
    ['passt', 'slirp'],
  ]);
  expect(option.parseArg).toBeUndefined();
});

it.each([{}, { dryRun: true }, { json: true, dryRun: true }] as const)(
  '%j is no --json without --dry-run',
  (flags) => {
    expect(() => {
      requireDryRun(flags);
    }).not.toThrow();
  },
);

it('--json requires --dry-run', () => {
  expect(() => {
    requireDryRun({ json: true });
  }).toThrow(
    expect.objectContaining({
      message: 'json: requires --dry-run',
      hint: 'add --dry-run to print the plan as JSON, or leave out --json',
    }),
  );
});

it('a repeated flag adds to the earlier values', () => {
  expect(collect('a')).toEqual(['a']);
  expect(collect('b', collect('a'))).toEqual(['a', 'b']);
});

describe('the environment of a guest', () => {
  const NAME = 'VMLET_TEST_FLAG_VALUE';
  afterEach(() => void Reflect.deleteProperty(process.env, NAME));

  it('has the given variables, and the later of two wins', () => {
    expect(guestEnvironment()).toEqual({});
    expect(guestEnvironment(['A=1', 'B=x=y', 'C=', 'A=2'])).toEqual({ A: '2', B: 'x=y', C: '' });
  });

  it('copies a variable by its name, and omits one that is not set', () => {
    expect(guestEnvironment([NAME])).toStrictEqual({});
    process.env[NAME] = 'here';
    expect(guestEnvironment([NAME])).toEqual({ [NAME]: 'here' });
    expect(guestEnvironment([`${NAME}=`])).toEqual({ [NAME]: '' });
  });

  it('rejects a value without a name', () => {
    expect(() => guestEnvironment(['=x'])).toThrow('env: no variable name in "=x"');
    expect(() => guestEnvironment([''])).toThrow('env: no variable name in ""');
    expect(() => guestEnvironment([''])).toThrow(
      expect.objectContaining({ hint: 'for example: --env NAME=value' }),
    );
  });
});

describe('a point in time', () => {
  afterEach(() => vi.unstubAllEnvs());

  it.each([
    ['2026-11-28T12:00:00Z', Date.UTC(2026, 10, 28, 12)],
    ['2026-11-28T12:00:00.5+02:00', Date.UTC(2026, 10, 28, 10, 0, 0, 500)],
    ['2026-11-28t12:00:00z', Date.UTC(2026, 10, 28, 12)],
    ['2026-11-28T12:00:00.125Z', Date.UTC(2026, 10, 28, 12, 0, 0, 125)],
    ['2026-11-28 12:00', new Date(2026, 10, 28, 12).getTime()],
    ['2026-11-28', new Date(2026, 10, 28).getTime()],
  ])('%s', (text, time) => {
    expect(pointInTime(text)).toBe(time);
  });

  it('without a zone is local, also for a date alone', () => {
    vi.stubEnv('TZ', 'Asia/Tokyo');
    expect(pointInTime('2026-11-28T00:00')).toBe(new Date(2026, 10, 28).getTime());
    expect(pointInTime('2026-11-28')).toBe(new Date(2026, 10, 28).getTime());
  });

  it.each([
    ['1500ms', 1500],
    ['90s', 90_000],
    ['5m', 300_000],
    ['12.25m', 735_000],
    ['1.5h', 5_400_000],
    ['2d', 2 * DAY_MS],
  ])('%s ago', (text, ms) => {
    const before = Date.now();
    expect(pointInTime(text)).toBeGreaterThanOrEqual(before - ms);
    expect(pointInTime(text)).toBeLessThanOrEqual(Date.now() - ms);
  });

  it.each([
    '',
    '5',
    'yesterday',
    '2026-13-01',
    '2026-11-28T25:00:00Z',
    '28.11.2026',
    '-5m',
    '5 m',
    'x5m',
    '5ms ',
    '5.m',
    'x2026-11-28',
    '2026-11-28x',
    '2026-11-28T12:00x',
    '2026-11-28T12:00+2',
    // JavaScript parses these.
    '-2026-11-28',
    '2026-11-28GMT',
  ])('%j is not one', (text) => {
    expect(() => pointInTime(text)).toThrow(InvalidArgumentError);
    expect(() => pointInTime(text)).toThrow(/^expected a duration such as 5m .*, or a time such as 2026/);
  });
});
