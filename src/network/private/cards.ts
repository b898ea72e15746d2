import { type Membership, MOST_MEMBERSHIPS } from './membership.ts';

/**
 * Returns the number of a membership's card, which its port in the guest depends on. By default it is the membership's
 * place; only a machine that has left a network while it was running has other numbers.
 */
export function cardOf(membership: Membership, place: number): number {
  return membership.card ?? place;
}

/** Returns the numbers that no card has, lowest first. */
export function freeCards(memberships: readonly Membership[]): number[] {
  const taken = new Set(memberships.map(cardOf));
  return Array.from({ length: MOST_MEMBERSHIPS }, (_, number) => number).filter(
    (number) => !taken.has(number),
  );
}

/** A card keeps its number; others get the lowest free ones. */
export function numberCards(
  memberships: readonly Membership[],
  earlier: readonly Membership[] = [],
): Membership[] {
  const kept = memberships.map(({ network, card }) => {
    const place = earlier.findIndex((one) => one.network === network);
    const before = earlier[place];
    return before ? cardOf(before, place) : card;
  });
  const free = Array.from({ length: MOST_MEMBERSHIPS }, (_, number) => number).filter(
    (number) => !kept.includes(number),
  );
  return memberships.map(({ card: _card, ...membership }, place) => {
    const number = kept[place] ?? free.shift();
    return number === place ? membership : { ...membership, card: number };
  });
}
