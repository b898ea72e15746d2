import { renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { InvalidInputError } from '../../errors/index.ts';
import { probeHost } from '../../host/probe.ts';
import { CARD_AT_BOOT } from '../../network/plan/network.ts';
import { type Limits, withinLimits } from '../../util/time/deadline.ts';
import { Scope } from '../../util/scope.ts';
import { type StartedParts, undoLaunch } from '../life/launch-failure.ts';
import type { Machine } from '../running/machine.ts';
import { plugCables, takeSeats } from './join-networks.ts';
import type { Outcome } from '../life/outcome.ts';
import type { Plan } from '../plan/plan.ts';
import { type BootOptions, reachGuest } from './reach-guest.ts';
import { claimDirectory, claimPath } from '../paths/runtime-directory.ts';
import { bootTimeoutMs } from '../spec/guest-time.ts';
import { runProcessors, startMachine } from './started-machine.ts';
import { ownLocations } from '../paths/own-locations.ts';

/**
 * Ends a machine as a power cut would, and keeps its disks as they are then. What the guest's programs have written and
 * not flushed (fsync) is lost with the guest's memory, as far as the guest had not written it to the disk by itself.
 *
 * A power cut of the guest's, not of the host's: what the guest has written to its disk is in the host's page cache, and
 * survives, flushed or not. Only where qcow2 had to find new room for it, and QEMU had not yet noted where, it is lost
 * unless it was flushed.
 * @throws MachineEndedError for a machine that has ended already.
 */
export async function crash(machine: Machine): Promise<CrashedMachine> {
  machine.requireAlive();
  const { plan } = machine;
  const scope = new Scope();
  try {
    // The machine takes its directory away when it ends.
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

/** What may be said when a machine starts again. */
export type StartAgainOptions = Limits & Omit<BootOptions, 'signal'>;

/** The disks of a machine that has lost its power, until they are disposed of. */
export class CrashedMachine implements AsyncDisposable {
  /** What starts again. */
  readonly plan: Plan;
  /** How the machine ended. */
  readonly outcome: Outcome;
  readonly #former: Pick<Machine, 'networks' | 'signal'>;
  readonly #disks: Scope;
  #isTaken = false;

  /** Use `crash`. */
  constructor(plan: Plan, outcome: Outcome, former: Pick<Machine, 'networks' | 'signal'>, disks: Scope) {
    this.plan = plan;
    this.outcome = outcome;
    this.#former = former;
    this.#disks = disks;
  }

  /**
   * Boots the machine from its disks: with the same hardware, host ports and name, in the same private networks. It owns
   * the disks from then on, and ends by the signal by which the one before was to end.
   * @param options `timeoutMs` is as for a launch; `signal` ends the start, and nothing afterwards.
   * @throws PortTakenError, LaunchError, InvalidInputError where it is started already, or the signal's reason. The disks
   *   are kept then, and it can be tried again.
   */
  async start(options: StartAgainOptions = {}): Promise<Machine> {
    const { boot, accelerator } = this.plan;
    const { signal, timeoutMs = bootTimeoutMs(boot.kind, accelerator) } = options;
    signal?.throwIfAborted();
    if (this.#isTaken) {
      throw new InvalidInputError('start', `${this.plan.name} is started already`, {
        hint: 'crash the machine that came of it',
      });
    }
    this.#isTaken = true;
    const scope = new Scope();
    const started: StartedParts = { scope };
    try {
      claimPath(this.plan.directory.sockets, scope);
      const ready = this.#boot({ ...options, signal: this.#former.signal }, started);
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

  /** Takes the disks away, unless the machine was started again. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#disks.close();
  }

  async #boot(options: BootOptions, parts: StartedParts): Promise<Machine> {
    const host = await probeHost({ cacheDirectory: ownLocations().cache, ...options });
    const seats = takeSeats(this.#former.networks, parts.scope);
    const started = await plugCables(await startMachine(this.plan, host, options, parts), seats);
    await runProcessors(started);
    return reachGuest(started, options);
  }
}

/** A fork has its memory from its template, and boots like any other. Its disks know the card that the template had. */
function planColdBoot(plan: Plan): Plan {
  const { network } = plan;
  return {
    ...plan,
    incoming: false,
    memory: plan.memory.kind === 'copy-on-write' ? { kind: 'private' } : plan.memory,
    network: network && { ...network, guest: { ...network.guest, mac: CARD_AT_BOOT } },
  };
}
