import { awaitBootCompletion } from '../life/boot-completion.ts';
import { configureGuest, mountAll } from './configure-guest.ts';
import type { GuestAgent } from '../../guest/agent/agent.ts';
import type { GuestConfiguration } from '../../guest/agent/configuration.ts';
import type { CloudInitStatus } from '../../guest/cloud-init/cloud-init-status.ts';
import type { SocketForward } from '../../network/ports/socket-forward.ts';
import type { Copy } from '../share/copies.ts';
import { switchesToHost } from '../plan/guest-mounts.ts';
import { Machine } from '../running/machine.ts';
import { KernelWatch } from './kernel-watch.ts';
import { joinNetworks } from './join-networks.ts';
import { plugInDisks, plugInMounts, plugInNamedOwners } from './plug-in.ts';
import type { MachineOptions } from '../running/running-machine.ts';
import { type StartOptions, type StartedMachine, reachAgent } from './started-machine.ts';

export interface BootOptions extends StartOptions, MachineOptions {
  /** As for a launch. */
  readonly onBoot?: ((doing: string) => void) | undefined;
  /** The guest's host name; that of the plan by default. */
  readonly hostname?: string | undefined;
  /** Directories that the guest gets copies of. */
  readonly copies?: readonly Copy[] | undefined;
  /** Unix sockets of the host that lead to the guest. */
  readonly sockets?: readonly SocketForward[] | undefined;
}

/** Waits until a booting guest can run commands, and gives it the rest of the plan. */
export async function reachGuest(started: StartedMachine, options: BootOptions): Promise<Machine> {
  using watch = watchBoot(started);
  const { agent, cloudInit } = await awaitBoot(started, options, watch);
  // Only after the boot is complete: the guest's own system removes network settings that it did not make
  // itself.
  await Promise.race([joinNetworks(agent, started), watch.failure]);
  await Promise.race([furnishGuest(started, agent, options), watch.failure]);
  const machine = new Machine(started, agent, { ...options, cloudInit });
  for (const socket of options.sockets ?? []) await machine.forwardSocket(socket);
  return machine;
}

/** A guest whose mounts and extra devices wait until its state has been saved for forks. */
export interface BareGuest {
  readonly machine: Machine;
  /** Rejects when the guest cannot be reached any more, until it is furnished. */
  readonly failure: Promise<never>;
  /** Gives the guest an identity of its own. */
  readonly identify: (identity: GuestConfiguration) => Promise<void>;
  /** Gives the guest the devices, mounts, copies and sockets of the plan and the options. */
  readonly furnish: (renew: Renewal | undefined) => Promise<void>;
}

/** Completes the identity of a guest, once it has its own name, address and random numbers. */
export type Renewal = (agent: GuestAgent) => Promise<void>;

/** Waits until a booting guest can run commands. */
export async function reachBareGuest(started: StartedMachine, options: BootOptions): Promise<BareGuest> {
  const watch = watchBoot(started);
  started.scope.defer(() => watch[Symbol.dispose]());
  const { agent, cloudInit } = await awaitBoot(started, options, watch);
  const machine = new Machine(started, agent, { ...options, cloudInit });
  const furnish: BareGuest['furnish'] = async (renew) => {
    await plugInMounts(started);
    const { plan } = started;
    // Its name is written into the files of this root directory.
    if (switchesToHost(plan)) await agent.configure({ hostRoot: true, hostname: plan.guest.hostname });
    await plugInDisks(started, agent);
    await renew?.(agent);
    await furnishGuest(started, agent, options);
    for (const socket of options.sockets ?? []) await machine.forwardSocket(socket);
    watch[Symbol.dispose]();
  };
  return {
    machine,
    failure: watch.failure,
    identify: async (identity) => agent.configure(identity),
    furnish,
  };
}

/** Plugs in and mounts what depends on the guest's answers, and makes the copies. */
export async function furnishGuest(
  started: StartedMachine,
  agent: GuestAgent,
  { copies = [], signal }: Pick<BootOptions, 'copies' | 'signal'>,
): Promise<void> {
  await plugInNamedOwners(started, agent, signal);
  await mountAll(agent, started.plan);
  if (copies.length === 0) return;
  const { copyIn } = await import('../share/copies.ts');
  await copyIn(agent, copies, signal);
}

interface BootWatch extends Disposable {
  /** Rejects when the guest cannot be reached any more. */
  readonly failure: Promise<never>;
}

/** Until the machine is returned, nobody can resume a guest that is paused for lack of space on the host. */
export function watchBoot(started: Pick<StartedMachine, 'console' | 'life' | 'plan' | 'space'>): BootWatch {
  const kernel = new KernelWatch(started);
  const failure = Promise.race([started.life.failure, started.space.failure, kernel.failure]);
  failure.catch(() => undefined);
  return { failure, [Symbol.dispose]: () => kernel[Symbol.dispose]() };
}

async function awaitBoot(
  started: StartedMachine,
  options: BootOptions,
  { failure }: BootWatch,
): Promise<{ readonly agent: GuestAgent; readonly cloudInit: CloudInitStatus | undefined }> {
  const { plan } = started;
  const { log, onBoot } = options;
  const agent = await Promise.race([reachAgent(started, options), failure]);
  await Promise.race([configureGuest(agent, plan, options), failure]);
  log?.debug('the guest is configured');
  const cloudInit =
    plan.boot.kind === 'disk' ? await Promise.race([awaitBootCompletion(agent, onBoot), failure]) : undefined;
  return { agent, cloudInit };
}
