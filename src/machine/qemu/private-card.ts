import { cardDevice, hostMtu, networkCard } from '../../network/card/network-card.ts';
import { socketNetdev } from '../../network/card/qemu-network.ts';
import type { NamedPlan, PrivateCardPlan } from '../plan/named-plan.ts';

/** QEMU's name for the back end of a card in a private network. */
export function privateCardNetdevId({ card }: Pick<PrivateCardPlan, 'card'>): string {
  return `card${card}`;
}

/** Returns the back end: the keeper starts a plug on QEMU's connection. */
export function privateCardNetdev(
  card: Pick<PrivateCardPlan, 'card' | 'socketPath'>,
  { network: { again } }: Pick<NamedPlan['wiring'], 'network'>,
) {
  return socketNetdev(privateCardNetdevId(card), card.socketPath, again);
}

/** Returns the device. Its port has the card's number, so that it can be unplugged, and saved memory stays valid. */
export function privateCardDevice(
  card: Pick<PrivateCardPlan, 'card' | 'bus' | 'mac' | 'mtu'>,
): Readonly<Record<string, unknown>> & { readonly driver: string } {
  return {
    ...networkCard({ id: cardDevice(card.card), netdev: privateCardNetdevId(card), mac: card.mac }),
    bus: card.bus,
    // For guests without the agent.
    ...hostMtu(card.mtu),
  };
}
