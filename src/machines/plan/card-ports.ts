import { cardPort } from '../../machine/qemu/root-port.ts';
import type { NamedPlan } from '../../machine/plan/named-plan.ts';
import { cardOf, freeCards } from '../../network/private/cards.ts';
import type { MachineSpec } from '../spec/machine-spec.ts';

/** Spare ports for networks that a machine joins while it is running. */
export const SPARE_CARD_PORTS = 2;

/** Returns the ports of a machine's cards in private networks, without gaps, so that none moves when another appears. */
export function cardPorts(
  { networks = [] }: Pick<MachineSpec, 'networks'>,
  { network }: Pick<NamedPlan['wiring'], 'network'>,
): string[] {
  // A QEMU that listens for the connection cannot be reached by a helper that waits for it.
  const spare = network.again === 'listens' ? [] : freeCards(networks).slice(0, SPARE_CARD_PORTS);
  const last = Math.max(-1, ...networks.map(cardOf), ...spare);
  return Array.from({ length: last + 1 }, (_, card) => cardPort(card));
}
