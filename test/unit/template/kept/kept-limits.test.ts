import { describe, expect, it } from 'vitest';
import { keptAgeMs, keptBytes, overBudget } from '../../../../src/template/kept/kept-limits.ts';

const GiB = 1024 ** 3;
const DAY_MS = 24 * 3600 * 1000;

describe('the space for kept guests', () => {
  it.each([
    [undefined, 50 * GiB, 5 * GiB],
    ['', 50 * GiB, 5 * GiB],
    [undefined, 4000 * GiB, 20 * GiB],
    ['3G', 4000 * GiB, 3 * GiB],
    ['0', 4000 * GiB, 0],
  ])('with VMLET_KEPT_SIZE=%s and a disk of %i bytes is %i bytes', (VMLET_KEPT_SIZE, disk, bytes) => {
    expect(keptBytes({ VMLET_KEPT_SIZE }, disk)).toBe(bytes);
  });

  it('names the variable that has an invalid size', () => {
    expect(() => keptBytes({ VMLET_KEPT_SIZE: 'much' }, GiB)).toThrow(/VMLET_KEPT_SIZE.*invalid size "much"/);
  });
});

describe('the age of a kept guest', () => {
  it.each([
    [undefined, 7 * DAY_MS],
    ['0', 0],
    ['0.5', DAY_MS / 2],
  ])('with VMLET_KEPT_DAYS=%s is at most %i ms', (VMLET_KEPT_DAYS, ms) => {
    expect(keptAgeMs({ VMLET_KEPT_DAYS })).toBe(ms);
  });

  it.each(['soon', '-1', '7d'])('cannot be %s', (VMLET_KEPT_DAYS) => {
    expect(() => keptAgeMs({ VMLET_KEPT_DAYS })).toThrow(/VMLET_KEPT_DAYS.*expected a number of days/);
  });
});

describe('beyond the limit', () => {
  const guests = [
    { key: 'old', hostBytes: 4, usedAtMs: 1 },
    { key: 'new', hostBytes: 4, usedAtMs: 3 },
    { key: 'middle', hostBytes: 4, usedAtMs: 2 },
  ];
  it.each([
    [12, []],
    [11, ['old']],
    [8, ['old']],
    [7, ['middle', 'old']],
    [0, ['new', 'middle', 'old']],
  ])('of %i bytes, the least recently used are removed: %j', (bytes, removed) => {
    expect(overBudget(guests, bytes).map(({ key }) => key)).toEqual(removed);
  });
});
