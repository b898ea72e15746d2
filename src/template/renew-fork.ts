import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { GuestAgent } from '../guest/agent/agent.ts';
import { mountAll } from '../machine/launch/configure-guest.ts';
import { joinNetworks } from '../machine/launch/join-networks.ts';
import { plugInDisks } from '../machine/launch/plug-in.ts';
import type { StartedMachine } from '../machine/launch/started-machine.ts';
import type { Copy } from '../machine/share/copies.ts';
import type { GuestNetwork } from '../network/plan/network.ts';
import type { Plan } from '../machine/plan/plan.ts';

/** How a guest whose saved state runs becomes a machine of its own. */
export interface Settling {
  /** The plan that it was saved with; see `renewFork`. */
  readonly origin: Plan;
  /** Completes its identity, once it has its own name, address and random numbers. */
  readonly renew?: ((agent: GuestAgent) => Promise<void>) | undefined;
  readonly copies: readonly Copy[];
  readonly signal: AbortSignal | undefined;
}

/** Gives the guest its identity, networks, disks and directories. */
export async function settleGuest(
  machine: StartedMachine,
  agent: GuestAgent,
  { origin, renew, copies, signal }: Settling,
): Promise<void> {
  const { plan } = machine;
  // Sent first: the agent writes the host name into the hosts file before it reads the next request.
  const renewal = renewFork(agent, plan, origin);
  await Promise.all([renewal, joinNetworks(agent, machine), plugInDisks(machine, agent)]);
  await renew?.(agent);
  await mountAll(agent, plan);
  if (copies.length === 0) return;
  const { copyIn } = await import('../machine/share/copies.ts');
  await copyIn(agent, copies, signal);
}

/**
 * Gives a newly forked guest an identity of its own, in one exchange with its agent.
 * @param template the plan of its template; the guest finds its card by the template's hardware address.
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
