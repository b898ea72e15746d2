import { type BridgeMtus, bridgeCardId } from '../../machine/qemu/bridge-card.ts';
import { type BridgeNetwork, findBridge, mtuOnBridge } from '../../network/bridge/bridge.ts';
import type { BridgeCard } from '../spec/bridge-cards.ts';

type WantedCard = Pick<BridgeCard, 'number' | 'bridge' | 'mtu'>;

/** A card and its bridge on this host. */
export interface FoundBridge {
  readonly card: WantedCard;
  readonly network: BridgeNetwork;
}

/** Finds the bridges of a machine's cards. @throws what `findBridge` throws */
export async function findBridges(cards: readonly WantedCard[]): Promise<FoundBridge[]> {
  const found: FoundBridge[] = [];
  for (const card of cards) found.push({ card, network: await findBridge(card.bridge) });
  return found;
}

/** @throws InvalidInputError for a card with a larger MTU than its bridge. */
export function mtusOnBridges(found: readonly FoundBridge[]): BridgeMtus {
  return Object.fromEntries(
    found.map(({ card, network }) => [bridgeCardId(card), mtuOnBridge(network, card.mtu)]),
  );
}
