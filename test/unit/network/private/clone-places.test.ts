import { expect, test } from 'vitest';
import { cardOf, numberCards } from '../../../../src/network/private/cards.ts';
import { placesOfClone } from '../../../../src/network/private/clone-places.ts';
import type { Membership } from '../../../../src/network/private/membership.ts';

const place = (network: string): Membership => ({
  network,
  address: '10.9.0.2',
  mac: '52:54:0a:09:00:02',
  mtu: 9000,
});

test('a clone asks for the same cards, and for addresses of its own', () => {
  const source = [{ ...place('a'), alias: 'www', card: 2 }, place('b')];
  const clone = placesOfClone(source);
  expect(clone).toEqual([
    { network: 'a', mtu: 9000, card: 2 },
    { network: 'b', mtu: 9000, card: 1 },
  ]);
  const joined = numberCards(clone.map((wanted) => ({ ...place(wanted.network), ...wanted })));
  expect(joined.map(cardOf)).toEqual(source.map(cardOf));
});
