import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import type { Locations } from '../../machine/paths/locations.ts';
import type { NamedPlan } from '../../machine/plan/named-plan.ts';
import type { Outcome } from '../../machine/life/outcome.ts';
import type { MachineStatistics } from '../../machine/logs/statistics.ts';
import type { BoundForward } from '../../network/ports/port.ts';
import type { SocketForward } from '../../network/ports/socket-forward.ts';
import type { QmpClient } from '../../qmp/index.ts';
import type { ExitStatus, VmletError } from '../../errors/index.ts';
import type { SyncPass } from '../../guest/sync/tree-sync.ts';
import type { ChannelResult } from '../../guest/ssh/ssh-provision.ts';
import type { CopyOptions } from '../../guest/tree/tree-copy.ts';
import type { Limits } from '../../util/time/deadline.ts';
import type { MachineConsoleEnd, MachineConsoleOptions } from '../look/open-console.ts';
import { type Definition, presentDefinition } from '../record/definition.ts';
import type { KeyboardInput } from '../look/machine-keyboard.ts';
import type { SyncOptions } from '../guest/sync.ts';
import type { GuestAddresses } from '../look/guest-addresses.ts';
import type { GuestChannel } from '../channel/guest-channel.ts';
import type { SshAccess, SshOptions } from '../ssh/ssh.ts';
import type { SshConnection } from '../ssh/ssh-connection.ts';
import type { MachineFiles } from '../record/machine-files.ts';
import { readPlan } from '../record/machine-plan-file.ts';
import { type ListedForward, boundSockets } from '../spec/forwards.ts';
import { listedForwards } from './forwards/matched-forwards.ts';
import type { MachineSpec } from '../spec/machine-spec.ts';
import { type LostOutcome, statusOf } from '../record/machine-status.ts';
import type { FailedMount } from '../record/run-record.ts';
import type { MonitorOptions } from '../channel/monitor.ts';
import type { SaveMachineOptions } from './save.ts';
import type { ViewerCommand } from '../look/screen.ts';
import type { StatisticsOptions } from '../look/machine-statistics.ts';
import type { MachineStopOptions, MachineStopResult } from './stop.ts';

const AGENT_TIMEOUT_MS = 30_000;

/** Options of connecting to an agent. */
export interface OpenGuestOptions extends Limits {
  /** Connects to a guest that lacks one of its directories, volumes and tmpfs, too; false by default. */
  readonly allowMissingMounts?: boolean | undefined;
}

/**
 * A running named machine. After its end, the methods that reach it throw MachineStateError; `plan`, `ports` and `sockets`
 * describe its last run.
 */
export class LiveMachine {
  readonly #locations: Locations;
  readonly #definition: Definition;
  /** Why the guest of a clone still has the identity of the original; the next start tries again. */
  readonly identityProblem: VmletError | undefined;

  constructor(locations: Locations, definition: Definition, identityProblem?: VmletError) {
    this.#locations = locations;
    this.#definition = definition;
    this.identityProblem = identityProblem;
  }

  get name(): string {
    return this.spec.name;
  }

  get spec(): MachineSpec {
    return this.#definition.spec;
  }

  get files(): MachineFiles {
    return this.#definition.files;
  }

  /** Returns the plan that its start made. */
  plan(): NamedPlan {
    return readPlan(this.files);
  }

  /** Returns its port forwards, including host ports that were chosen automatically. */
  ports(): ListedForward<BoundForward>[] {
    return listedForwards(this.spec, readPlan(this.files));
  }

  /** Returns the unix sockets of the host that lead to its ports. */
  sockets(): readonly SocketForward[] {
    return boundSockets(readPlan(this.files));
  }

  /**
   * Runs a command in the guest to its end, by vmlet's agent or QEMU's, and returns its exit code and output. `openGuest`
   * has streams and terminals.
   * @throws as `openGuest` does; GuestRequestError or QmpRefusedError when the guest cannot start the program.
   */
  async exec(
    argv: readonly [string, ...string[]],
    options: { readonly input?: Uint8Array; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<ChannelResult> {
    await using channel = await this.openGuest(options);
    return await channel.exec(argv, options);
  }

  /**
   * Copies a file or directory into the guest with its permission bits: into `guestPath` if that is a directory. Only
   * the contents of a directory are copied from a path that ends in `/.`.
   */
  async copyIn(path: string, guestPath: string, options: Limits & CopyOptions = {}): Promise<void> {
    const { copyIntoGuest } = await import('../guest/copy.ts');
    await using channel = await this.openGuest(options);
    await copyIntoGuest(channel, path, guestPath, options);
  }

  /**
   * Copies a file or directory out of the guest with its permission bits: into `path` if that is a directory. The guest
   * is not trusted: nothing is written outside of the copy.
   * @returns the number of devices and FIFOs of a directory that were omitted.
   */
  async copyOut(guestPath: string, path: string, options: Limits & CopyOptions = {}): Promise<number> {
    const { copyOutOfGuest } = await import('../guest/copy.ts');
    await using channel = await this.openGuest(options);
    return await copyOutOfGuest(channel, guestPath, path, options);
  }

  /**
   * Mirrors a directory of the host into the guest: copies differences by size and time, or by contents, and
   * removes files that the host does not have. With `watch` it does so at each change, until the signal aborts.
   * @throws InvalidInputError, GuestSetupError, GuestFileError, MachineStateError, MachineEndedError when the machine ends,
   *   GuestClosedError when the guest reboots, or the signal's reason.
   */
  async sync(path: string, guestPath: string, options: Limits & SyncOptions = {}): Promise<SyncPass> {
    const { agentOf } = await import('../guest/copy.ts');
    const { syncIntoGuest } = await import('../guest/sync.ts');
    const { whileConnected } = await import('../channel/while-connected.ts');
    await using channel = await this.openGuest(options);
    const agent = agentOf(channel, 'sync');
    const sync = async (signal: AbortSignal): Promise<SyncPass> =>
      syncIntoGuest(agent, path, guestPath, { ...options, signal });
    return await whileConnected(this.name, agent, 'run vmlet sync again', sync, options.signal);
  }

  /** Unpacks a tar stream in a directory of the guest. Bytes after the end of the archive may not be read. */
  async unpack(archive: AsyncIterable<Uint8Array>, guestPath: string, limits: Limits = {}): Promise<void> {
    const { agentOf } = await import('../guest/copy.ts');
    const { unpackInGuest } = await import('../../guest/tree/tree-into-guest.ts');
    await using channel = await this.openGuest(limits);
    await unpackInGuest(agentOf(channel), archive, guestPath, { existing: 'changed', signal: limits.signal });
  }

  /** Writes a file or directory of the guest as a tar stream; `output` is not ended. */
  async pack(guestPath: string, output: Writable, limits: Limits = {}): Promise<void> {
    const { agentOf } = await import('../guest/copy.ts');
    const { packInGuest } = await import('../../guest/tree/tree-out-of-guest.ts');
    await using channel = await this.openGuest(limits);
    await packInGuest(agentOf(channel), guestPath, output, limits.signal);
  }

  /** Stops the machine gracefully, escalating if necessary. Returns the step that worked. */
  async stop(options: MachineStopOptions = {}): Promise<MachineStopResult> {
    const { stopMachine } = await import('./stop.ts');
    return stopMachine(this.#definition, options);
  }

  /** Powers the machine off immediately. */
  async kill(): Promise<Outcome | LostOutcome> {
    const { killMachine } = await import('./stop.ts');
    return killMachine(this.#definition);
  }

  /** Saves its memory to a file and ends it; the next start resumes from there. */
  async save(options: SaveMachineOptions = {}): Promise<void> {
    const { saveMachine } = await import('./save.ts');
    await saveMachine(this.#locations, this.name, options);
  }

  /** Pauses its processors; memory and connections are kept. */
  async pause(options: MonitorOptions = {}): Promise<void> {
    const { pauseMachine } = await import('./pause.ts');
    await pauseMachine(this.#definition, options);
  }

  /**
   * Resumes its processors, and wakes up a guest that has suspended itself. vmlet's agent sets the guest's clock to
   * the host's, and the guest learns which members have joined or left its networks meanwhile.
   * @throws NoSpaceError when it was paused for lack of space on the host and still lacks it; MachineBusyError while it is
   *   being saved.
   */
  async resume(options: MonitorOptions = {}): Promise<void> {
    const { resumeMachine } = await import('./resume.ts');
    await resumeMachine(this.#definition, options);
  }

  /** Presses the reset button; the guest cannot shut down first. */
  async reset(options: MonitorOptions = {}): Promise<void> {
    await this.qmp(async (monitor) => monitor.execute('system_reset'), options);
  }

  /**
   * Connects to an agent in the guest: vmlet's, otherwise QEMU's. Waits for it, 30 s by default. vmlet's serves any number
   * of clients; QEMU's serves one at a time, so this also waits for other clients.
   * @throws GuestMountError when the guest lacks a directory, volume or tmpfs; MachineStateError when it is paused or ends;
   *   TimedOutError, or the signal's reason.
   */
  async openGuest(options: OpenGuestOptions = {}): Promise<GuestChannel> {
    const { openGuestChannel } = await import('../channel/guest-channel.ts');
    const { timeoutMs = AGENT_TIMEOUT_MS, signal, allowMissingMounts = false } = options;
    const channel = await openGuestChannel(this.#definition, timeoutMs, signal);
    if (allowMissingMounts) return channel;
    const { requireMounts } = await import('../channel/failed-mounts.ts');
    try {
      requireMounts(this.#present());
    } catch (error) {
      await channel[Symbol.asyncDispose]();
      throw error;
    }
    return channel;
  }

  /** Returns the directories, volumes and tmpfs that its guest could not mount when its agent was last asked. */
  failedMounts(): readonly FailedMount[] {
    const status = statusOf(this.#present());
    return status.kind === 'running' ? status.failedMounts : [];
  }

  /**
   * Returns the guest's addresses and their source. Behind passt and slirp, the host reaches it only through forwards.
   * @throws MachineStateError when they are unknown, InvalidInputError when it has no network, TimedOutError when only the
   *   agent knows them and does not answer, or the signal's reason.
   */
  async addresses(options: { readonly signal?: AbortSignal } = {}): Promise<GuestAddresses> {
    const { findGuestAddresses } = await import('../look/guest-addresses.ts');
    return findGuestAddresses(this.#present(), options);
  }

  /**
   * Prepares ssh: waits for the guest's server; before the first connection, an agent in the guest authorizes the
   * machine's key for `sshUser` and provides the host keys.
   * @throws what `waitFor` throws; MachineStateError when an agent finds no ssh server; InvalidInputError when the guest lacks the user; GuestSetupError.
   */
  async prepareSsh(options: SshOptions = {}): Promise<SshAccess> {
    const { prepareSsh } = await import('../ssh/ssh.ts');
    return prepareSsh(this.#present(), options);
  }

  /**
   * Runs the system's ssh with the standard streams of this process until it exits.
   * @param command joined by spaces and passed to the user's shell; a login shell when empty.
   * @returns the command's exit status, or 255 when ssh itself failed.
   * @throws MissingProgramError
   */
  async runSsh(access: SshAccess, command: readonly string[] = [], tty?: boolean): Promise<ExitStatus> {
    const { runSsh } = await import('../ssh/ssh.ts');
    return runSsh(this.#definition, access, command, tty);
  }

  /**
   * Connects to its ssh server by vmlet's agent, which it waits for, 30 s by default; by a forward to port 22, if there is
   * one, when the agent is missing or does not answer.
   * @throws GuestRequestError when there is no server, TimedOutError, MachineStateError, or the signal's reason.
   */
  async connectToSsh(options: Limits = {}): Promise<SshConnection> {
    const { connectToSsh } = await import('../ssh/ssh-connection.ts');
    return connectToSsh(this.#definition, options.timeoutMs ?? AGENT_TIMEOUT_MS, options.signal);
  }

  /** True when its ssh server rejects the machine's key, or has other host keys than the known ones. Connects once more. */
  async refusesSsh(
    access: SshAccess,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<boolean> {
    const { refusesSsh } = await import('../ssh/ssh.ts');
    return refusesSsh(this.#definition, access, options);
  }

  /**
   * Returns the resources used since QEMU's start; `rate` computes the usage between two calls. The guest is asked for its
   * network's counters only with `askGuest`.
   */
  async statistics(options: StatisticsOptions = {}): Promise<MachineStatistics> {
    const { readMachineStatistics } = await import('../look/machine-statistics.ts');
    return readMachineStatistics(this.#definition, options);
  }

  /**
   * Connects input and output to its serial console until one of them ends; any number can be connected.
   * @throws MachineStateError when the output is read too slowly, or the signal's reason.
   */
  async console(options: MachineConsoleOptions): Promise<MachineConsoleEnd> {
    const { openConsole } = await import('../look/open-console.ts');
    return openConsole(this.#definition, options);
  }

  /** Returns its screen as PNG. @throws MissingDeviceError when it has none. */
  async screenshot(limits: Limits = {}): Promise<Buffer> {
    const { screenshotMachine } = await import('../look/screen.ts');
    return screenshotMachine(this.#definition, limits);
  }

  /**
   * Connects to the VNC server of its screen, which needs no password.
   * @throws MissingDeviceError when it has none, ConnectError, or the signal's reason.
   */
  async openScreen(limits: Limits = {}): Promise<Socket> {
    const { connectToScreen } = await import('../look/screen.ts');
    return connectToScreen(this.#definition, limits);
  }

  /** Returns the command that would show its screen. @throws MissingDeviceError, MissingProgramError */
  async viewer(): Promise<ViewerCommand> {
    const { viewerOf } = await import('../look/screen.ts');
    return viewerOf(this.#definition);
  }

  /** Shows its screen in a viewer, using this process's terminal, until the viewer exits. @throws as `viewer` does. */
  async view(): Promise<ExitStatus> {
    const { viewMachine } = await import('../look/screen.ts');
    return viewMachine(this.#definition);
  }

  /**
   * Types on its keyboard, at the speed at which the guest reads it.
   * @throws InvalidInputError, QmpStateError when it is paused, TimedOutError when the guest does not read its keyboard.
   */
  async type(input: KeyboardInput): Promise<void> {
    const { typeOnMachine } = await import('../look/machine-keyboard.ts');
    await typeOnMachine(this.#definition, input);
  }

  /** Connects `work` to QEMU's monitor while it runs. */
  async qmp<T>(work: (monitor: QmpClient) => Promise<T>, options: MonitorOptions = {}): Promise<T> {
    const { withMonitor } = await import('../channel/monitor.ts');
    return withMonitor(this.#definition, work, options);
  }

  /** Its settings may have changed since the start. */
  #present(): Definition {
    return presentDefinition(this.#locations, this.#definition);
  }
}
