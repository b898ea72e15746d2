import { tapNetdev } from '../../network/bridge/bridge.ts';
import { USUAL_MTU, hostMtu, networkCard } from '../../network/card/network-card.ts';
import type { BridgeCardPlan } from '../plan/named-plan.ts';

/** The slot of all cards on bridges but the first card, above those of the root ports. */
const SLOT = '18';

/** Returns QEMU's name for the back end of a card on a bridge: that of every first card, or one with its number. */
export function bridgeCardId({ number }: Pick<BridgeCardPlan, 'number'>): string {
  return number === 0 ? 'network' : `bridge${number}`;
}

/** The MTUs of cards on bridges, in bytes, by the names of their back ends. */
export type BridgeMtus = Readonly<Record<string, number>>;

/** Returns the MTUs of a running machine's cards. */
export function bridgeMtus(bridges: readonly BridgeCardPlan[]): BridgeMtus {
  return Object.fromEntries(bridges.map((card) => [bridgeCardId(card), card.mtu ?? USUAL_MTU]));
}

/** Returns the back end and the device of a card on a bridge. */
export function bridgeCard({ number, descriptor, mac, mtu }: BridgeCardPlan): {
  readonly netdev: object;
  readonly device: object;
} {
  const netdev = bridgeCardId({ number });
  return {
    netdev: tapNetdev(netdev, descriptor),
    device: {
      ...networkCard({ id: `${netdev}-device`, netdev, mac }),
      ...(number > 0 && placeOf(number - 1)),
      ...hostMtu(mtu ?? USUAL_MTU),
    },
  };
}

/** An address that depends on no other device: guests name a network card after it. */
function placeOf(place: number): object {
  return { bus: 'pcie.0', addr: `${SLOT}.${place}`, ...(place === 0 && { multifunction: true }) };
}
