import { awaitBootCompletion } from '../life/boot-completion.ts';
import { configureGuest, mountAll } from './configure-guest.ts';
import type { SocketForward } from '../../network/ports/socket-forward.ts';
import type { Copy } from '../share/copies.ts';
import { Machine } from '../running/machine.ts';
import { KernelWatch } from './kernel-watch.ts';
import { joinNetworks } from './join-networks.ts';
import { plugInNamedOwners } from './plug-in.ts';
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

/** Waits until a booting guest can run commands. */
export async function reachGuest(started: StartedMachine, options: BootOptions): Promise<Machine> {
  const { life, plan, space } = started;
  const { log, onBoot } = options;
  // Until the machine is returned, nobody can resume a guest that is paused for lack of space on the host.
  using kernel = new KernelWatch(started);
  const failure = Promise.race([life.failure, space.failure, kernel.failure]);
  failure.catch(() => undefined);
  const agent = await Promise.race([reachAgent(started, options), failure]);
  await Promise.race([configureGuest(agent, plan, options), failure]);
  log?.debug('the guest is configured');
  const cloudInit =
    plan.boot.kind === 'disk' ? await Promise.race([awaitBootCompletion(agent, onBoot), failure]) : undefined;
  await Promise.race([plugInNamedOwners(started, agent, options.signal), failure]);
  await Promise.race([mountAll(agent, plan), failure]);
  // Only after the boot is complete: the guest's own system removes network settings that it did not make
  // itself.
  await Promise.race([joinNetworks(agent, started), failure]);
  if (options.copies?.length) {
    const { copyIn } = await import('../share/copies.ts');
    await Promise.race([copyIn(agent, options.copies, options.signal), failure]);
  }
  const machine = new Machine(started, agent, { ...options, cloudInit });
  for (const socket of options.sockets ?? []) await machine.forwardSocket(socket);
  return machine;
}
