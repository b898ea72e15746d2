import { InvalidInputError } from '../../errors/index.ts';
import { refuseMac } from '../../machine/spec/machine-options.ts';
import { MOST_MEMBERSHIPS } from '../../network/private/membership.ts';
import type { WantedBridge } from './bridge-cards.ts';
import type { MachineSpec } from './machine-spec.ts';

type GivenField = 'mac' | 'net' | 'networks' | 'network';

interface Card {
  readonly words: string;
  readonly isFirst?: boolean;
  readonly mac: string | undefined;
}

/**
 * Checks the number of a machine's network cards, and their MAC addresses.
 * @param field the option that was given.
 * @throws InvalidInputError for more cards than a machine can have, for an address that another card of the machine has,
 *   and for one of a first card that does not exist.
 */
export function checkCards(
  {
    net,
    mac,
    bridges = [],
    networks = [],
  }: Pick<MachineSpec, 'net' | 'networks'> & {
    readonly mac: string | undefined;
    readonly bridges?: readonly WantedBridge[] | undefined;
  },
  field: GivenField,
): void {
  if (net === 'none' && field === 'mac') refuseMac({ mac });
  const count = bridges.length + networks.length;
  if (count > MOST_MEMBERSHIPS) {
    throw new InvalidInputError(
      field === 'mac' ? 'net' : field,
      `a machine can have at most ${MOST_MEMBERSHIPS} cards in networks and on further bridges, not ${count}`,
    );
  }
  const outside: readonly Card[] = [
    ...(net === 'none' ? [] : [{ words: 'first network card', mac, isFirst: true }]),
    ...bridges.map((card) => ({ words: `card on bridge "${card.bridge}"`, mac: card.mac })),
  ];
  // An address that is in two private networks reaches one card in each.
  const inside = networks.map((card) => ({ words: `card in network "${card.network}"`, mac: card.mac }));
  for (const [place, card] of outside.entries()) {
    const others = [...outside.slice(place + 1), ...inside];
    const other = card.mac === undefined ? undefined : others.find((one) => one.mac === card.mac);
    if (other) throw takenMac(field, card, other);
  }
}

function takenMac(given: GivenField, { words, mac = '', isFirst }: Card, other: Card): InvalidInputError {
  const hint = 'choose another MAC address';
  if (given === 'mac' && isFirst) {
    return new InvalidInputError('mac', `${mac} is taken by the machine's ${other.words}`, { hint });
  }
  const field = given === 'mac' ? 'net' : given;
  return new InvalidInputError(field, `MAC address ${mac} is taken by the machine's ${words}`, { hint });
}
