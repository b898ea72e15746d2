import { type GuestConfiguration, encodeConfiguration } from '../../guest/agent/configuration.ts';
import { mountsOf } from '../../machine/plan/guest-mounts.ts';
import type { NamedPlan, PrivateCardPlan } from '../../machine/plan/named-plan.ts';

/**
 * Returns the request that the keeper sends to the guest's agent at each boot, in hexadecimal digits; empty without
 * settings that the guest does not keep: mounts, and addresses in private networks.
 */
export function guestRequest(plan: NamedPlan): string {
  const { privateCards } = plan;
  const mounts = mountsOf(plan);
  if (mounts.length === 0 && privateCards.length === 0) return '';
  return encodeConfiguration({ ...cardsConfiguration(plan, privateCards), mounts }).toString('hex');
}

/** Returns the settings of cards in private networks. */
export function cardsConfiguration(
  { boot, guest }: Pick<NamedPlan, 'boot' | 'guest'>,
  cards: readonly PrivateCardPlan[],
): GuestConfiguration {
  return {
    // A full system loads them by itself; `micro` waits for this.
    modules: boot.kind === 'kernel' && cards.length > 0 ? [...guest.modules] : [],
    network: cards.map(({ mac, mtu, addresses }) => ({ mac, mtu, addresses: [...addresses] })),
  };
}
