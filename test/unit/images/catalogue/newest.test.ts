import { describe, expect, it } from 'vitest';
import { compareVersions, newestOf } from '../../../../src/images/catalogue/newest.ts';
import { compilePattern } from '../../../../src/images/catalogue/entry-template.ts';

describe('versions', () => {
  it.each([
    ['1.10', '1.9'],
    ['20261001-2618', '20260914-2601'],
    ['3.24.2-r10', '3.24.2-r2'],
    ['10.2-20260817.0', '10.2-20260526.0'],
    ['9.10', '9.9-20269999'],
    ['1.1', '1'],
    ['1', ''],
    ['2', '01'],
    [`1${'0'.repeat(300)}`, '9'.repeat(300)],
    ['1b', '1a'],
    ['1.a', '1.1'],
  ])('%s is higher than %s', (higher, lower) => {
    expect(compareVersions(higher, lower)).toBeGreaterThan(0);
    expect(compareVersions(lower, higher)).toBeLessThan(0);
  });

  it.each(['', '1.2', '20261001.604814', 'r0'])('%s is as high as itself', (version) => {
    expect(compareVersions(version, version)).toBe(0);
  });

  it('are equal if only leading zeros differ', () => {
    expect(compareVersions('1.02', '1.2')).toBe(0);
  });
});

describe('the newest', () => {
  const newest = (names: readonly string[], pattern: string): unknown =>
    newestOf(names, (name) => name, compilePattern(pattern, {})).map(({ candidate, groups }) => [
      candidate,
      groups,
    ]);

  it('has the highest version', () => {
    expect(newest(['disk-9', 'disk-10', 'disk-2', 'other-11'], '^disk-(?<build>[0-9]+)$')).toEqual([
      ['disk-10', { build: '10' }],
    ]);
  });

  it('is ordered by the first captured word', () => {
    const pattern = '^disk-(?<patch>[0-9]+)-r(?<revision>[0-9]+)$';
    expect(newest(['disk-1-r9', 'disk-2-r0', 'disk-2-r1'], pattern)).toEqual([
      ['disk-2-r1', { patch: '2', revision: '1' }],
    ]);
  });

  it('includes all files of that version', () => {
    expect(newest(['disk-1', 'disk-1'], '^disk-(?<build>[0-9]+)$')).toHaveLength(2);
  });

  it('prefers a name with a version', () => {
    expect(newest(['disk', 'disk-1'], '^disk(-(?<build>[0-9]+))?$')).toEqual([['disk-1', { build: '1' }]]);
    expect(newest(['disk'], '^disk(-(?<build>[0-9]+))?$')).toEqual([['disk', {}]]);
  });

  it('excludes paths that lead elsewhere', () => {
    const names = [
      'disk-../x',
      'disk-a/b',
      'disk-a..b',
      'disk-.1',
      'disk-%2e',
      'disk-a b',
      `disk-${'1'.repeat(2000)}`,
    ];
    expect(newest(names, '^disk-(?<build>.+)$')).toEqual([]);
  });

  it('is nothing if nothing matches', () => {
    expect(newest(['other'], '^disk$')).toEqual([]);
  });
});
