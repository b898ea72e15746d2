import { constants } from 'node:fs';
import { chmod, copyFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { GuestCommandError, InvalidInputError } from '../errors/index.ts';
import type { GuestAgent } from '../guest/agent/agent.ts';
import type { CloudInitStatus } from '../guest/cloud-init/cloud-init-status.ts';
import type { Host } from '../host/survey/host.ts';
import { copyFileSparsely } from '../images/formats/sparse-copy.ts';
import { migrate } from '../machine/state/migration.ts';
import { startRestoring } from '../machine/state/state-file.ts';
import type { Limits } from '../util/time/deadline.ts';
import { withinLimits } from '../util/time/deadline.ts';
import type { Scope } from '../util/scope.ts';
import { together } from '../util/time/together.ts';
import { type StartedParts, undoLaunch } from '../machine/life/launch-failure.ts';
import { Machine, type MachineOrigin } from '../machine/running/machine.ts';
import { ownLocations } from '../machine/paths/own-locations.ts';
import { joinNetworks, connectCards, attachNetworks } from '../machine/launch/join-networks.ts';
import { type NetworkInput, type WantedPlace, parseNetworks } from '../machine/network/network-place.ts';
import { type Renewal, furnishGuest, watchBoot } from '../machine/launch/reach-guest.ts';
import { makeNewDisk } from '../machine/launch/prepare.ts';
import { plugInDisks, plugInMounts } from '../machine/launch/plug-in.ts';
import type { Copy } from '../machine/share/copies.ts';
import type { SocketForward } from '../network/ports/socket-forward.ts';
import { type Plan, pluggedDisks } from '../machine/plan/plan.ts';
import { type MachineOptions, RunningMachine } from '../machine/running/running-machine.ts';
import {
  type StartOptions,
  type StartedMachine,
  reachAgent,
  runProcessors,
  startMachine,
} from '../machine/launch/started-machine.ts';
import { renewFork } from './renew-fork.ts';
import { copiesFor } from './fork-plan.ts';
import type { TemplateFiles } from './template-files.ts';
import type { TemplateRecord } from './template-record.ts';

export interface RunOptions extends Limits, MachineOptions {
  readonly networks?: readonly NetworkInput[] | undefined;
  /** Status of the first boot; undefined where the template was made of a guest without problems. */
  readonly cloudInit?: CloudInitStatus | undefined;
  /** Where the machine comes from; a template by default. */
  readonly origin?: MachineOrigin;
  readonly renew?: Renewal | undefined;
}

/** A running fork, and the connection to its agent. */
export interface HandedOver {
  readonly machine: RunningMachine;
  readonly connection: Socket;
}

/** Set up once the guest answers. */
export interface ForkExtras {
  readonly copies: readonly Copy[];
  readonly sockets: readonly SocketForward[];
}

/** A fork whose QEMU has started and waits for its state or, once warm, to be resumed. */
export class PendingFork implements AsyncDisposable {
  readonly #machine: StartedMachine;
  readonly #files: TemplateFiles;
  readonly #record: TemplateRecord;
  readonly #started: StartedParts;
  readonly #copies: readonly Copy[];
  readonly #sockets: readonly SocketForward[];
  readonly #scope: Scope;
  /** The agent of a fork that is already personalized and paused. */
  #warmAgent: GuestAgent | undefined;

  private constructor(
    machine: StartedMachine,
    files: TemplateFiles,
    record: TemplateRecord,
    started: StartedParts,
    { copies, sockets }: ForkExtras,
  ) {
    this.#machine = machine;
    this.#files = files;
    this.#record = record;
    this.#started = started;
    this.#copies = copies;
    this.#sockets = sockets;
    this.#scope = machine.scope;
  }

  /**
   * Creates the files of a fork and starts its processes.
   * @param scope owns the directory, and then everything of the fork; closed when this fails.
   */
  static async start(
    plan: Plan,
    host: Host,
    files: TemplateFiles,
    record: TemplateRecord,
    { copies, sockets, ...options }: StartOptions & ForkExtras,
    scope: Scope,
  ): Promise<PendingFork> {
    const started: StartedParts = { scope };
    try {
      await copyFiles(plan, files, record, options.signal);
      const machine = await startMachine(plan, host, options, started);
      return new PendingFork(machine, files, record, started, { copies, sockets });
    } catch (error) {
      throw await undoLaunch(error, started);
    }
  }

  /** Whether QEMU still answers. It may have been killed so recently that its exit was not yet noticed. */
  async answers(): Promise<boolean> {
    return this.#machine.qmp.execute('query-status').then(
      () => true,
      () => false,
    );
  }

  /**
   * Restores and personalizes the guest like `run`, and has it run a command: without KVM, QEMU translates that code
   * only once. Then pauses the guest, so that it uses no CPU time while it waits.
   * @throws what `run` throws.
   */
  async warmUp(options: Limits): Promise<void> {
    const { life } = this.#machine;
    this.#warmAgent = await this.#within(options, async () => {
      const { agent } = await this.#personalize(options);
      await Promise.race([runAnything(agent), life.failure]);
      await Promise.race([this.#machine.qmp.execute('stop'), life.failure]);
      return agent;
    });
  }

  /**
   * Restores the state, runs the guest and gives it an identity of its own.
   * @throws LaunchError, whose cause is a TimedOutError after `timeoutMs`, or the signal's reason; nothing of the fork
   *   remains then.
   */
  async run(options: RunOptions): Promise<Machine> {
    const agent = this.#warmAgent;
    return this.#within(options, async () => {
      const machine = agent ? await this.#resume(agent, options) : await this.#runCold(options);
      for (const socket of this.#sockets) await machine.forwardSocket(socket);
      return machine;
    });
  }

  /**
   * Runs the guest like `run`, and gives away the connection to its agent, for a client in another process.
   * @throws what `run` throws.
   */
  async handOver(options: RunOptions): Promise<HandedOver> {
    const warm = this.#warmAgent;
    return this.#within(options, async () => {
      const agent = warm ?? (await this.#personalize(options)).agent;
      if (warm) await this.#continue(warm);
      options.log?.debug('fork handed over');
      return { machine: new RunningMachine(this.#machine, options), connection: agent.handOver() };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scope.close();
  }

  async #within<Result>(limits: Limits, work: () => Promise<Result>): Promise<Result> {
    const { signal, timeoutMs } = limits;
    try {
      return await withinLimits('starting the fork', work(), { timeoutMs, signal });
    } catch (error) {
      throw await undoLaunch(error, this.#started);
    }
  }

  async #runCold(options: RunOptions): Promise<Machine> {
    const { machine, agent } = await this.#personalize(options);
    options.log?.debug('fork personalized');
    return this.#machineOf(machine, agent, options);
  }

  async #resume(agent: GuestAgent, options: MachineOptions): Promise<Machine> {
    await this.#continue(agent);
    options.log?.debug('fork running');
    return this.#machineOf(this.#machine, agent, options);
  }

  async #continue(agent: GuestAgent): Promise<void> {
    const { qmp, life } = this.#machine;
    const resumed = Promise.all([qmp.execute('cont'), agent.setClock(Date.now())]);
    await Promise.race([resumed, life.failure]);
  }

  #machineOf(machine: StartedMachine, agent: GuestAgent, options: MachineOptions): Machine {
    return new Machine(machine, agent, { origin: 'template', ...options, copies: this.#copies });
  }

  async #personalize({
    networks = [],
    renew,
    ...options
  }: RunOptions): Promise<{ readonly machine: StartedMachine; readonly agent: GuestAgent }> {
    const { life, plan, scope } = this.#machine;
    using watch = watchBoot(this.#machine);
    const { failure } = watch;
    const { log } = options;
    const joining = {
      locations: ownLocations(),
      signal: options.signal,
      isOwnName: true,
      firstMac: plan.network?.guest.mac,
    };
    const attachments = await attachNetworks(this.#placesIn(networks), joining, scope);
    await Promise.race([this.#restore(), life.failure]);
    await Promise.race([plugInMounts(this.#machine), life.failure]);
    // In the restored state the cards are those of the template, which are unplugged.
    const machine = await connectCards(this.#machine, attachments);
    await runProcessors(machine);
    log?.debug('fork running');
    const agent = await Promise.race([reachAgent(machine, options), failure]);
    // Sent first: the agent writes the host name into the hosts file before it reads the next request.
    const renewal = renewFork(agent, plan, this.#record.plan);
    const setUp = [renewal, joinNetworks(agent, machine), plugInDisks(machine, agent)];
    await Promise.race([Promise.all(setUp), failure]);
    if (renew) await Promise.race([renew(agent), failure]);
    const furnishing = furnishGuest(machine, agent, { copies: this.#copies, signal: options.signal });
    await Promise.race([furnishing, failure]);
    return { machine, agent };
  }

  #placesIn(networks: readonly NetworkInput[]): WantedPlace[] {
    const { name, cards } = this.#machine.plan;
    const places = parseNetworks(networks, name);
    if (places.length <= cards.length) return places;
    throw new InvalidInputError(
      'networks',
      `too many networks: ${places.length}; forks of template "${this.#record.name}" can join at most ${cards.length}`,
      {
        hint: `create a template with spare network cards: vmlet template create NAME --network-cards ${places.length} (in code, networkCards: ${places.length})`,
      },
    );
  }

  async #restore(): Promise<void> {
    const { qmp } = this.#machine;
    const start = async (): Promise<void> => startRestoring(qmp, this.#files.state, this.#record);
    await Promise.all([
      // The agent announces the guest once its card has the new address. An earlier announcement would be wrong, and
      // Linux's driver can deadlock when the link goes down while it sends one (6.12, virtnet_close).
      qmp.execute('migrate-set-parameters', { 'announce-rounds': 0 }),
      migrate(qmp, 'restoring the state of the template', start, ['x-ignore-shared']),
    ]);
  }
}

/** Runs any program, or fails to find it: only the path through the guest matters. */
async function runAnything(agent: GuestAgent): Promise<void> {
  try {
    await agent.exec(['true']);
  } catch (error) {
    if (!(error instanceof GuestCommandError)) throw error;
  }
}

async function copyFiles(
  plan: Plan,
  files: TemplateFiles,
  { plan: origin }: TemplateRecord,
  signal: AbortSignal | undefined,
): Promise<void> {
  const works = [
    ...pluggedDisks(plan).map((disk) => async (stop: AbortSignal) => makeNewDisk(disk, stop)),
    ...copiesFor(plan, files, origin).map(([from, to]) => async (stop: AbortSignal) => {
      // A fork with files of its own copies whole disks.
      if (from === files.memory || plan.memory.kind === 'file') await copyFileSparsely(from, to, stop);
      else await copyFile(from, to, constants.COPYFILE_FICLONE);
      await chmod(to, 0o600);
    }),
  ];
  await together(works, signal);
}
