import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { GuestRequestError } from '../../errors/index.ts';
import type { GuestAgent } from '../../guest/agent/agent.ts';
import type { GuestNetwork } from '../../network/plan/network.ts';
import { type MountPlans, mountsOf } from '../plan/guest-mounts.ts';
import type { Plan } from '../plan/plan.ts';

/** Sets the host name, clock and network of a freshly booted guest. */
export async function configureGuest(
  agent: GuestAgent,
  { guest, network }: Pick<Plan, 'guest' | 'network'>,
  {
    log,
    hostname = guest.hostname,
  }: { readonly log?: Logger | undefined; readonly hostname?: string | undefined },
): Promise<void> {
  const optional = guest.optionalModules.map(async (module) =>
    agent.configure({ modules: [module] }).catch((error: unknown) => {
      if (!(error instanceof GuestRequestError)) throw error;
      log?.debug({ err: error }, 'a kernel module is missing in the guest');
    }),
  );
  const required = agent.configure({
    hostname,
    modules: [...guest.modules],
    network: guest.setsUpNetwork && network ? [linkOf(network.guest)] : [],
    clockMs: Date.now(),
    entropy: randomBytes(64),
  });
  await Promise.all([required, ...optional]);
}

/** Mounts the machine's shares, volumes and tmpfs. A booting system may cover earlier mounts by its own. */
export async function mountAll(agent: GuestAgent, plans: MountPlans): Promise<void> {
  const mounts = mountsOf(plans);
  if (mounts.length > 0) await agent.configure({ mounts });
}

function linkOf(guest: GuestNetwork) {
  return { ...guest, addresses: [...guest.addresses], gateways: [...guest.gateways], dns: [...guest.dns] };
}
