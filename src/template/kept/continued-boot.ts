import { constants } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { VmletError, isSystemError } from '../../errors/index.ts';
import type { GuestAgent } from '../../guest/agent/agent.ts';
import type { CloudInitStatus } from '../../guest/cloud-init/cloud-init-status.ts';
import { copyFileSparsely } from '../../images/formats/sparse-copy.ts';
import { isUnknownDisk } from '../../machine/launch/launch.ts';
import { KernelWatch } from '../../machine/launch/kernel-watch.ts';
import { configureGuest } from '../../machine/launch/configure-guest.ts';
import { prepareFiles } from '../../machine/launch/prepare.ts';
import {
  type StartedMachine,
  reachAgent,
  runProcessors,
  startMachine,
} from '../../machine/launch/started-machine.ts';
import { awaitBootCompletion } from '../../machine/life/boot-completion.ts';
import { type StartedParts, undoLaunch } from '../../machine/life/launch-failure.ts';
import { Machine } from '../../machine/running/machine.ts';
import { bootTimeoutMs } from '../../machine/spec/guest-time.ts';
import type { LaunchOptions } from '../../machine/spec/launch-options.ts';
import type { Findings } from '../../machine/survey/survey.ts';
import { freeSocketPath } from '../../network/ports/free-socket-path.ts';
import { withPortChoices } from '../../network/ports/port-choices.ts';
import { Scope } from '../../util/scope.ts';
import { withinLimits } from '../../util/time/deadline.ts';
import { together } from '../../util/time/together.ts';
import { imageOf, sealTemplate } from '../create-template.ts';
import { type RestoreAbilities, freeze, restoreAbilitiesOf } from '../freeze.ts';
import { settleGuest } from '../renew-fork.ts';
import { templateFiles } from '../template-files.ts';
import type { TemplatePlace } from '../template-shelf.ts';
import { type ContinuedPlans, NAME_AT_BOOT, copiesToSave, planContinued } from './continued-plan.ts';
import { forgetSecrets, renewSecrets } from './fresh-system.ts';
import { MemoryFile } from './memory-file.ts';

/** A guest to boot, keep, and continue. */
export interface Continuing {
  readonly options: LaunchOptions;
  readonly findings: Findings;
  readonly key: string;
  readonly place: TemplatePlace;
  /** Called once the guest has booted: what fails from then on is not the image's fault. */
  readonly onBooted: () => void;
}

/**
 * Boots a guest, saves it before anything else runs in it, and continues in the same QEMU, with a new identity. The guest
 * is stopped while its memory and disks are copied, and nothing of it changes what was saved. Without KVM, a fork would
 * have to translate the guest's code a second time.
 *
 * A guest that cannot be saved continues without being kept.
 * @throws what `launch` throws.
 */
export async function continueBoot(
  continuing: Continuing,
): Promise<{ readonly machine: Machine; readonly isKept: boolean }> {
  const { options, findings } = continuing;
  for (const { path } of findings.spec.sockets) await freeSocketPath(path, options.signal);
  return withPortChoices(options.log, async () => bringUp(continuing));
}

async function bringUp(continuing: Continuing): Promise<{ machine: Machine; isKept: boolean }> {
  const { options, findings, place } = continuing;
  const { spec, source, accelerator } = findings;
  const { signal } = options;
  const scope = new Scope();
  const started: StartedParts = { scope, unknownDisk: isUnknownDisk(findings) };
  try {
    const memory = await MemoryFile.create(findings.locations, scope);
    const plans = await planContinued(findings, templateFiles(place.directory), memory.path, scope, signal);
    const guest = source.kind === 'disk' ? source.image?.guest : undefined;
    await prepareFiles(plans.atBoot, { seed: spec.seed, guest }, { signal });
    const machine = await startMachine({ ...plans.atBoot }, findings.host, options, started);
    await memory.unlink();
    const { timeoutMs = bootTimeoutMs(source.kind, accelerator) } = spec;
    const ready = new ContinuedBoot(machine, plans, memory, continuing).run();
    return await withinLimits('booting the guest', ready, { timeoutMs, signal });
  } catch (error) {
    throw await undoLaunch(error, started);
  }
}

class ContinuedBoot {
  readonly #started: StartedMachine;
  readonly #plans: ContinuedPlans;
  readonly #memory: MemoryFile;
  readonly #continuing: Continuing;

  constructor(started: StartedMachine, plans: ContinuedPlans, memory: MemoryFile, continuing: Continuing) {
    this.#started = started;
    this.#plans = plans;
    this.#memory = memory;
    this.#continuing = continuing;
  }

  async run(): Promise<{ machine: Machine; isKept: boolean }> {
    const { life, space } = this.#started;
    const { options, onBooted } = this.#continuing;
    using kernel = new KernelWatch(this.#started);
    const failure = Promise.race([life.failure, space.failure, kernel.failure]);
    failure.catch(() => undefined);
    const unlessFailed = async <T>(work: Promise<T>): Promise<T> => Promise.race([work, failure]);
    await runProcessors(this.#started);
    options.log?.debug('the guest is running');
    const agent = await unlessFailed(reachAgent(this.#started, options));
    await unlessFailed(configureGuest(agent, this.#plans.atBoot, options.log));
    options.log?.debug('the guest is configured');
    onBooted();
    const { cloudInit, mayKeep } = await unlessFailed(this.#complete(agent));
    const abilities = mayKeep ? await unlessFailed(this.#save(agent)) : undefined;
    // The rest of the saving needs nothing of the guest.
    const [isKept, machine] = await together([
      async () => abilities !== undefined && this.#publish(abilities),
      async () => unlessFailed(this.#settle(agent, cloudInit)),
    ]);
    for (const socket of this.#continuing.findings.spec.sockets) await machine.forwardSocket(socket);
    return { machine, isKept };
  }

  /** Waits until a full system has booted, and lets it forget its secrets. */
  async #complete(agent: GuestAgent): Promise<{ cloudInit?: CloudInitStatus; mayKeep: boolean }> {
    const { options } = this.#continuing;
    if (this.#plans.atBoot.boot.kind !== 'disk') return { mayKeep: true };
    const cloudInit = await awaitBootCompletion(agent, options.onBoot);
    const isAllowed = await forgetSecrets(agent, options.signal);
    // A failed first boot may succeed the next time.
    const mayKeep = isAllowed && cloudInit.state !== 'failed';
    if (!mayKeep) options.log?.debug({ cloudInit, isAllowed }, 'the booted guest is not kept');
    return { cloudInit, mayKeep };
  }

  /** Saves the guest and lets it run again. @returns undefined where it could not be saved. */
  async #save(agent: GuestAgent): Promise<RestoreAbilities | undefined> {
    const { qmp, life } = this.#started;
    const { options, findings, place } = this.#continuing;
    const files = templateFiles(place.directory);
    // Only its own directory is open to QEMU.
    const state = join(this.#plans.atBoot.directory.storage, 'state');
    const over = new AbortController();
    this.#started.scope.defer(() => over.abort());
    const saved = await this.#attempt('save the guest', async () => {
      const abilities = await restoreAbilitiesOf(qmp, findings.host.qemu);
      await agent.sync();
      await freeze(qmp, { state }, abilities);
      await together(
        [
          async (signal) => copyFileSparsely(this.#memory.source, files.memory, signal),
          async () => copyFile(state, files.state, constants.COPYFILE_FICLONE),
          ...copiesToSave(this.#plans).map(
            ([from, to]) =>
              async (signal: AbortSignal) =>
                copyFileSparsely(from, to, signal),
          ),
        ],
        over.signal,
      );
      options.log?.debug('saved the guest');
      return abilities;
    });
    await this.#memory.close();
    // Otherwise a later snapshot of the machine would lack its memory.
    const capabilities = [{ capability: 'x-ignore-shared', state: false }] as const;
    await Promise.race([qmp.execute('migrate-set-capabilities', { capabilities }), life.failure]);
    await runProcessors(this.#started);
    return saved;
  }

  async #publish(abilities: RestoreAbilities): Promise<boolean> {
    const { findings, key, place } = this.#continuing;
    const published = await this.#attempt('keep the guest', async () => {
      await sealTemplate(templateFiles(place.directory), {
        plan: this.#plans.saved,
        host: findings.host,
        name: NAME_AT_BOOT,
        image: imageOf(findings.spec),
        inputs: key,
        flushes: false,
        abilities,
      });
      place.publish();
      return true;
    });
    return published ?? false;
  }

  async #settle(agent: GuestAgent, cloudInit: CloudInitStatus | undefined): Promise<Machine> {
    const { options, findings } = this.#continuing;
    const { own, saved } = this.#plans;
    const machine = { ...this.#started, plan: own };
    await settleGuest(machine, agent, {
      origin: saved,
      copies: findings.spec.copies,
      signal: options.signal,
      renew: async () => {
        if (own.boot.kind === 'disk')
          await renewSecrets(agent, { awaitsServers: findings.spec.ports.length > 0 });
      },
    });
    const { signal, log } = options;
    return new Machine(machine, agent, { signal, log, cloudInit, copies: findings.spec.copies });
  }

  /** Work on the cache, on which the machine does not depend. @returns undefined where it failed. */
  async #attempt<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    const { signal, log } = this.#continuing.options;
    try {
      return await work();
    } catch (error) {
      if (signal?.aborted === true || !(error instanceof VmletError || isSystemError(error))) throw error;
      log?.debug({ err: error }, `cannot ${what}`);
      return undefined;
    }
  }
}
