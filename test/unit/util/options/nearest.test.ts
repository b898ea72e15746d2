import { expect, it } from 'vitest';
import { editDistance, nearest } from '../../../../src/util/options/nearest.ts';

it.each([
  ['', '', 0],
  ['', 'abc', 3],
  ['abc', '', 3],
  ['abc', 'abc', 0],
  ['abc', 'abd', 1],
  ['abc', 'ab', 1],
  ['ab', 'abc', 1],
  ['bc', 'abc', 1],
  ['kitten', 'sitting', 3],
  ['ab', 'ba', 1],
  ['strat', 'start', 1],
  ['xab', 'yba', 2],
  ['ca', 'abc', 3],
  ['flaw', 'lawn', 2],
])('from %j to %j it is %d', (one, other, distance) => {
  expect(editDistance(one, other)).toBe(distance);
});

it('returns the nearest first, equals in their order, up to the limit', () => {
  const words = new Set(['delete', 'insert', 'date', 'delta', 'late']);
  expect(nearest('delte', words, 2)).toEqual(['delete', 'delta']);
  expect(nearest('ate', words, 3)).toEqual(['date', 'late', 'delete']);
  expect(nearest('x', [], 3)).toEqual([]);
});
