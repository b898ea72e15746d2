import { expect, test } from 'vitest';
import { cardOf, freeCards, numberCards } from '../../../../src/network/private/cards.ts';
import type { Membership } from '../../../../src/network/private/membership.ts';

const place = (network: string, card?: number): Membership => ({
  network,
  address: '10.9.0.2',
  mac: '52:54:0a:09:00:02',
  ...(card !== undefined && { card }),
});

test('a card has the number of its place, unless another is stored', () => {
  expect([place('a'), place('b', 4), place('c')].map(cardOf)).toEqual([0, 4, 2]);
  expect(freeCards([place('a'), place('b', 4), place('c')])).toEqual([1, 3, 5, 6, 7]);
  expect(freeCards([])).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

test('cards keep their numbers when another leaves, and free ones are used again', () => {
  const before = [place('a'), place('b'), place('c')];
  const after = numberCards([place('b'), place('c')], before);
  expect(after).toEqual([place('b', 1), place('c', 2)]);
  const again = numberCards([...after, place('d')], after);
  expect(again).toEqual([place('b', 1), place('c', 2), place('d', 0)]);
  expect(again.map(cardOf)).toEqual([1, 2, 0]);
});

test('a number is stored only when it is not that of the place', () => {
  expect(numberCards([place('a', 0), place('b', 1)])).toEqual([place('a'), place('b')]);
  // In another order, each keeps its own.
  expect(numberCards([place('b'), place('a')], [place('a'), place('b')])).toEqual([
    place('b', 1),
    place('a', 0),
  ]);
});

test('a chosen number of a new card is kept', () => {
  const before = [place('a')];
  expect(numberCards([...before, place('b', 5)], before)).toEqual([place('a'), place('b', 5)]);
});
