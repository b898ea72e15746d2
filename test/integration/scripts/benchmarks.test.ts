import { expect, it } from 'vitest';
import { memoryIn } from '../../bench/measurement/memory-map.ts';
import { describeRatios, medianInterval } from '../../bench/measurement/statistics.ts';
import { jobsNamed } from '../../bench/shares/jobs.ts';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

// Binomial(n, 1/2): the outermost orders whose tails have at most 2.5 % each.
it.each([
  [20, [6, 15]],
  [9, [2, 8]],
  [6, [1, 6]],
  [5, [1, 5]],
])('%i values have an interval for their median, in any order', (count, expected) => {
  expect(medianInterval(upTo(count))).toEqual(expected);
  expect(medianInterval(upTo(count).reverse())).toEqual(expected);
});

it('names the range of the ratios where there are too few for an interval', () => {
  expect(describeRatios([1, 4, 3], [1, 2, 2])).toBe('1.50 (range: 1.00 to 2.00)');
  expect(describeRatios(upTo(6), Array<number>(6).fill(2))).toBe('1.75 (95 %: 0.50 to 3.00)');
});

it('measures the jobs that VMLET_PART names, and fails if there are none', () => {
  expect(jobsNamed().length).toBeGreaterThan(3);
  expect(jobsNamed('^stat').map(({ name }) => name)).toEqual([expect.stringMatching(/^stat \d+ files$/)]);
  expect(() => jobsNamed('pigs')).toThrow(/^no job is named pigs, only: write 64 MiB; read 64 MiB; /);
});

it('adds up the memory of each kind, and of all', () => {
  const mapping = (rest: string, kilobytes: number): string =>
    `7f00-7f10 ${rest}\nRss:   99 kB\nPss:   ${kilobytes} kB\n`;
  const smaps = [
    mapping('r-xp 0 fe:00 12         /usr/bin/qemu', 1),
    mapping('rw-p 0 fe:00 12         /usr/bin/qemu', 2),
    mapping('rwxp 0 00:00 0 ', 4),
    mapping('rw-p 0 00:00 0 ', 8),
    mapping('rw-p 0 fe:00 13         /kept/memory', 16),
    mapping('r--p 0 fe:00 14         /usr/lib/libc.so.6', 32),
  ].join('');
  expect(Object.fromEntries(memoryIn(smaps, '/usr/bin/qemu'))).toEqual({
    program: 3 * 1024,
    'translated code': 4 * 1024,
    anonymous: 8 * 1024,
    guest: 16 * 1024,
    libraries: 32 * 1024,
    total: 63 * 1024,
  });
});
