import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { GuestAgent } from '../guest/agent/agent.ts';
import type { GuestConfiguration } from '../guest/agent/configuration.ts';
import type { GuestNetwork } from '../network/plan/network.ts';
import { switchesToHost } from '../machine/plan/guest-mounts.ts';
import type { Plan } from '../machine/plan/plan.ts';

/**
 * Gives a newly forked guest an identity of its own, in one exchange with its agent.
 * @param template the plan of its template; the guest finds its card by the template's MAC address.
 */
export async function renewFork(agent: GuestAgent, plan: Plan, template: Plan): Promise<void> {
  const { guest, network } = plan;
  const origin = template.network?.guest;
  await agent.configure({
    ...newIdentity(guest.hostname),
    // As at a boot, the host's machine id is among its settings.
    ...(switchesToHost(plan) && { hostRoot: true, machineId: undefined }),
    network: network && origin ? [linkOf(network.guest, origin, guest.setsUpNetwork)] : [],
  });
}

/** An identity for a guest whose memory another guest may have too. */
export function newIdentity(hostname: string): GuestConfiguration {
  return {
    hostname,
    machineId: randomBytes(16).toString('hex'),
    clockMs: Date.now(),
    entropy: randomBytes(64),
  };
}

/** Omits settings that the template already has. A guest that configures its own network only gets the new address. */
function linkOf({ mac: newMac, ...network }: GuestNetwork, origin: GuestNetwork, isSetByUs: boolean) {
  const { mac, ...before } = origin;
  if (!isSetByUs || isDeepStrictEqual(network, before)) return { mac, newMac };
  const { mtu, addresses, gateways, dns } = network;
  return { mac, newMac, mtu, addresses: [...addresses], gateways: [...gateways], dns: [...dns] };
}

/** Returns a host name that distinguishes forks. */
export function forkName(template: string): string {
  return `${template.slice(0, 54)}-${randomBytes(4).toString('hex')}`;
}
