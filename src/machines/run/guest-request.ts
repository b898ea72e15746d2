import { encodeConfiguration } from '../../guest/agent/configuration.ts';
import type { NamedPlan } from '../../machine/plan/named-plan.ts';
import { mountsOf } from '../../machine/share/mounts.ts';

/** True when the guest needs settings that it does not keep: shares, and addresses in private networks. */
export function needsGuestRequest({
  shares,
  privateCards,
}: Pick<NamedPlan, 'shares' | 'privateCards'>): boolean {
  return shares.length > 0 || privateCards.length > 0;
}

/** Returns the request that the keeper sends to the guest's agent at each boot, in hexadecimal digits. */
export function guestRequest({ shares, privateCards, boot, guest }: NamedPlan): string {
  return encodeConfiguration({
    // A full system loads them by itself; `micro` waits for this.
    modules: boot.kind === 'kernel' && privateCards.length > 0 ? [...guest.modules] : [],
    network: privateCards.map(({ mac, mtu, addresses }) => ({ mac, mtu, addresses: [...addresses] })),
    mounts: mountsOf(shares),
  }).toString('hex');
}
