import { describe, expect, it } from 'vitest';
import { overBudget } from '../../../../src/template/kept/over-budget.ts';

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

  it('an older guest is not kept for its size alone', () => {
    const sizes = [15, 10, 5].map((hostBytes, age) => ({ hostBytes, usedAtMs: -age }));
    expect(overBudget(sizes, 20).map(({ hostBytes }) => hostBytes)).toEqual([10, 5]);
  });

  it('a guest that is larger than the limit is removed, and no others for it', () => {
    const large = { key: 'large', hostBytes: 20, usedAtMs: 4 };
    expect(overBudget([large, ...guests], 12)).toEqual([large]);
  });
});
