import { encodeConfiguration } from '../../guest/agent/configuration.ts';
import { mountsOf } from '../../machine/plan/guest-mounts.ts';
import type { NamedPlan } from '../../machine/plan/named-plan.ts';

/** Asks for nothing. */
export function emptyRequest(): string {
  return encodeConfiguration({}).toString('hex');
}

/**
 * Returns the request that the keeper sends to the guest's agent at each boot, in hexadecimal digits; undefined without
 * settings that the guest does not keep: mounts, and addresses in private networks.
 */
export function guestRequest(plan: NamedPlan): string | undefined {
  const { privateCards, boot, guest } = plan;
  const mounts = mountsOf(plan);
  if (mounts.length === 0 && privateCards.length === 0) return undefined;
  return encodeConfiguration({
    // A full system loads them by itself; `micro` waits for this.
    modules: boot.kind === 'kernel' && privateCards.length > 0 ? [...guest.modules] : [],
    network: privateCards.map(({ mac, mtu, addresses }) => ({ mac, mtu, addresses: [...addresses] })),
    mounts,
  }).toString('hex');
}
