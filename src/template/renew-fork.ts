import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { GuestAgent } from '../guest/agent/agent.ts';
import type { GuestNetwork } from '../network/plan/network.ts';
import type { Plan } from '../machine/plan/plan.ts';

/**
 * Makes a guest that has just been forked a machine of its own, in one exchange with its agent.
 * @param template the plan of its template, by whose hardware address the guest knows its card.
 */
export async function renewFork(agent: GuestAgent, { guest, network }: Plan, template: Plan): Promise<void> {
  const origin = template.network?.guest;
  await agent.configure({
    hostname: guest.hostname,
    machineId: randomBytes(16).toString('hex'),
    clockMs: Date.now(),
    entropy: randomBytes(64),
    network: network && origin ? [linkOf(network.guest, origin, guest.setsUpNetwork)] : [],
  });
}

/** What the template has set up already stays; a system that sets up its network itself is only told of the new card. */
function linkOf({ mac: newMac, ...network }: GuestNetwork, origin: GuestNetwork, isSetByUs: boolean) {
  const { mac, ...before } = origin;
  if (!isSetByUs || isDeepStrictEqual(network, before)) return { mac, newMac };
  const { mtu, addresses, gateways, dns } = network;
  return { mac, newMac, mtu, addresses: [...addresses], gateways: [...gateways], dns: [...dns] };
}

/** A host name that tells forks apart. */
export function forkName(template: string): string {
  return `${template.slice(0, 54)}-${randomBytes(4).toString('hex')}`;
}
