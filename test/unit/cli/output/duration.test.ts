import { describe, expect, it } from 'vitest';
import { formatAgo, formatDuration, formatDurationFlag } from '../../../../src/cli/output/duration.ts';

const [SECOND, MINUTE, HOUR, DAY] = [1000, 60_000, 3_600_000, 24 * 3_600_000] as const;

describe('a time for people', () => {
  it.each([
    [-5, '0 seconds'],
    [0, '0 seconds'],
    [999, '0 seconds'],
    [SECOND, '1 second'],
    [2 * SECOND - 1, '1 second'],
    [MINUTE - 1, '59 seconds'],
    [MINUTE, '1 minute'],
    [3 * MINUTE, '3 minutes'],
    [HOUR - 1, '59 minutes'],
    [HOUR, '1 hour'],
    [DAY - 1, '23 hours'],
    [DAY, '1 day'],
    [25 * HOUR, '1 day'],
    [30 * DAY - 1, '29 days'],
    [30 * DAY, '1 month'],
    [365 * DAY - 1, '12 months'],
    [365 * DAY, '1 year'],
    [800 * DAY, '2 years'],
  ])('%d ms: %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

it.each([
  [-5, 'just now'],
  [SECOND - 1, 'just now'],
  [SECOND, '1 second ago'],
  [HOUR + MINUTE, '1 hour ago'],
])('%d ms elapsed: %s', (ms, text) => {
  expect(formatAgo(ms)).toBe(text);
});

it.each([
  [HOUR, '1h'],
  [HOUR + 30 * MINUTE, '90m'],
  [90 * SECOND, '90s'],
  [1500, '1500ms'],
  [200, '200ms'],
  [24 * DAY, '576h'],
])('%d ms are written as %s', (ms, text) => {
  expect(formatDurationFlag(ms)).toBe(text);
});
