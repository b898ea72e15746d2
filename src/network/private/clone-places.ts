import { cardOf } from './cards.ts';
import type { Membership, WantedMembership } from './membership.ts';

/**
 * Returns the places in networks that a machine's clone asks for: addresses of its own, and no alias, which is the
 * source's. Its cards have the source's numbers: guests name a card after its port.
 */
export function placesOfClone(memberships: readonly Membership[]): WantedMembership[] {
  return memberships.map((membership, place) => {
    const { alias: _alias, address: _address, mac: _mac, ...wanted } = membership;
    return { ...wanted, card: cardOf(membership, place) };
  });
}
