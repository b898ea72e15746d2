import { claimVolumes } from '../volume/open-volume.ts';
import { renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { InvalidInputError } from '../../errors/index.ts';
import { probeHost } from '../../host/probe.ts';
import { withMac } from '../../network/plan/network.ts';
import { type Limits, withinLimits } from '../../util/time/deadline.ts';
import { Scope } from '../../util/scope.ts';
import { type StartedParts, undoLaunch } from '../life/launch-failure.ts';
import type { Machine } from '../running/machine.ts';
import { connectCards, attachNetworks } from './join-networks.ts';
import type { Outcome } from '../life/outcome.ts';
import { hasNamedOwner } from '../share/guest-owner.ts';
import { HOST_WORD } from '../share/host-system.ts';
import { modulesOf } from '../plan/board.ts';
import { switchesToHost } from '../plan/guest-mounts.ts';
import type { Plan } from '../plan/plan.ts';
import { type BootOptions, reachGuest } from './reach-guest.ts';
import { claimDirectory, claimPath } from '../paths/runtime-directory.ts';
import { bootTimeoutMs } from '../spec/guest-time.ts';
import { runProcessors, startMachine } from './started-machine.ts';
import { ownLocations } from '../paths/own-locations.ts';

/**
 * Ends a machine like a power cut and keeps its disks in their current state. Data that the guest's programs
 * have written but not flushed (fsync) is lost with the guest's memory, unless the guest had already written
 * it back to the disk.
 *
 * This is a power cut of the guest, not of the host: data that reached the guest's disk is in the host's page
 * cache and survives, flushed or not. The one exception are newly allocated qcow2 clusters: without a flush,
 * their allocation may be lost.
 * @throws MachineEndedError when the machine has already ended.
 */
export async function crash(machine: Machine): Promise<CrashedMachine> {
  machine.requireAlive();
  const { plan } = machine;
  const scope = new Scope();
  try {
    // Moved aside, because the machine removes its directory when it ends.
    const aside = claimDirectory(dirname(plan.directory.storage), scope);
    renameSync(plan.directory.storage, aside);
    const outcome = await machine.kill();
    claimPath(plan.directory.storage, scope);
    renameSync(aside, plan.directory.storage);
    return new CrashedMachine(planColdBoot(plan), outcome, machine, scope);
  } catch (error) {
    await scope.close();
    throw error;
  }
}

/** Options for starting a crashed machine again. */
export type StartAgainOptions = Limits & Pick<BootOptions, 'log' | 'console' | 'onBoot'>;

/** The parts of a machine that the next one gets as well. */
type Former = Pick<Machine, 'networks' | 'signal' | 'copies' | 'sockets'>;

/** The disks of a crashed machine. They are removed when this object is disposed of. */
export class CrashedMachine implements AsyncDisposable {
  /** The plan by which the machine starts again. */
  readonly plan: Plan;
  /** How the machine ended. */
  readonly outcome: Outcome;
  readonly #former: Former;
  readonly #disks: Scope;
  #isTaken = false;

  /** Created by `crash`. */
  constructor(plan: Plan, outcome: Outcome, former: Former, disks: Scope) {
    this.plan = plan;
    this.outcome = outcome;
    this.#former = former;
    this.#disks = disks;
  }

  /**
   * Boots the machine from its disks, with the same hardware, host ports, unix sockets and name, in the same private
   * networks. Directories with `copy` are copied from the host again, since a power cut may have lost files of the copies.
   * The new machine owns the disks from then on, and stops on the same signal as the former one.
   * @param options `timeoutMs` is as for a launch; `signal` aborts the start only.
   * @throws PortTakenError, LaunchError, InvalidInputError when it was already started, or the signal's
   * reason. The disks are then kept, and the start can be tried again.
   */
  async start(options: StartAgainOptions = {}): Promise<Machine> {
    const { boot, accelerator } = this.plan;
    const { signal, timeoutMs = bootTimeoutMs(boot.kind, accelerator) } = options;
    signal?.throwIfAborted();
    if (this.#isTaken) {
      throw new InvalidInputError('start', `${this.plan.name} was already started`, {
        hint: 'use the machine object that start() returned',
      });
    }
    this.#isTaken = true;
    const scope = new Scope();
    const started: StartedParts = { scope };
    try {
      claimPath(this.plan.directory.sockets, scope);
      const { copies, sockets } = this.#former;
      const ready = this.#boot({ ...options, copies, sockets, signal: this.#former.signal }, started);
      const machine = await withinLimits('booting the guest', ready, { timeoutMs, signal });
      const disks = this.#disks.move();
      scope.defer(async () => disks.close());
      return machine;
    } catch (error) {
      const explanation = await undoLaunch(error, started);
      this.#isTaken = false;
      throw explanation;
    }
  }

  /** Removes the disks, unless the machine was started again. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#disks.close();
  }

  async #boot(options: BootOptions, parts: StartedParts): Promise<Machine> {
    const host = await probeHost({ cacheDirectory: ownLocations().cache, ...options });
    const volumes = this.plan.volumes.map(({ name }) => name);
    claimVolumes(ownLocations(), volumes, parts.scope);
    const joining = {
      locations: ownLocations(),
      signal: options.signal,
      isOwnName: true,
      firstMac: this.plan.network?.guest.mac,
    };
    const attachments = await attachNetworks(this.#former.networks, joining, parts.scope);
    const started = await connectCards(await startMachine(this.plan, host, options, parts), attachments);
    await runProcessors(started);
    return reachGuest(started, options);
  }
}

/** Memory in a file belongs to a template, or to a guest that was kept. */
function memoryAtBoot({ memory, shares }: Plan): Plan['memory'] {
  if (memory.kind === 'private' || memory.kind === 'shared') return memory;
  return { kind: shares.length > 0 ? 'shared' : 'private' };
}

/**
 * A fork got its memory from its template, and a guest may have got devices while it ran; after a crash it boots with
 * them.
 */
function planColdBoot(plan: Plan): Plan {
  const { network, guest, cards, volumes, boot } = plan;
  const disks = plan.disks.map(({ isPlugged = false, ...disk }) =>
    isPlugged ? { ...disk, bus: undefined } : disk,
  );
  return {
    ...plan,
    boot:
      boot.kind === 'kernel' && switchesToHost(plan)
        ? { ...boot, commandLine: `${HOST_WORD} ${boot.commandLine}` }
        : boot,
    incoming: false,
    disks,
    guest:
      boot.kind === 'kernel' ? { ...guest, modules: modulesOf({ network, cards, disks, volumes }) } : guest,
    shares: plan.shares.map((share) => (hasNamedOwner(share) ? share : { ...share, port: undefined })),
    volumes: volumes.map((volume) => ({
      ...volume,
      port: undefined,
      disk: { ...volume.disk, bus: undefined },
    })),
    memory: memoryAtBoot(plan),
    network: network && plan.macAtBoot !== undefined ? withMac(network, plan.macAtBoot) : network,
  };
}
