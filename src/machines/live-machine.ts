import type { Writable } from 'node:stream';
import type { NamedPlan } from '../machine/plan/named-plan.ts';
import type { Outcome } from '../machine/life/outcome.ts';
import type { MachineStatistics } from '../machine/logs/statistics.ts';
import type { BoundForward } from '../network/ports/port.ts';
import type { QmpClient } from '../qmp/index.ts';
import { type ExitStatus, MachineStateError, type VmletError } from '../errors/index.ts';
import type { CopyOptions } from './guest/tree/copy-tree.ts';
import type { Limits } from '../util/time/deadline.ts';
import type { MachineConsoleEnd, MachineConsoleOptions } from './look/console.ts';
import type { Definition } from './record/definition.ts';
import type { KeyboardInput } from './look/keyboard.ts';
import type { GuestAddresses } from './look/guest-addresses.ts';
import type { GuestChannel } from './channel/guest-channel.ts';
import type { SshAccess, SshOptions } from './ssh/ssh.ts';
import type { MachineFiles } from './record/machine-files.ts';
import { readPlan } from './record/machine-plan-file.ts';
import type { MachineSpec } from './spec/machine-spec.ts';
import type { LostOutcome } from './record/machine-status.ts';
import type { MonitorOptions } from './channel/monitor.ts';
import type { SaveMachineOptions } from './run/save.ts';
import type { ViewerCommand } from './look/screen.ts';
import type { MachineStopOptions, MachineStopResult } from './run/stop.ts';

const AGENT_TIMEOUT_MS = 30_000;

/** A named machine that runs. When it has ended, every method throws MachineStateError. */
export class LiveMachine {
  readonly #definition: Definition;
  /** Why the guest of a clone still has the identity of its origin after the start; the next start tries again. */
  readonly identityProblem: VmletError | undefined;

  constructor(definition: Definition, identityProblem?: VmletError) {
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

  /** The choices that its start made. */
  plan(): NamedPlan {
    return readPlan(this.files);
  }

  /** Its forwards, each with the port that was chosen where the spec leaves it open. */
  ports(): BoundForward[] {
    return [...(readPlan(this.files).network?.forwards ?? [])];
  }

  /**
   * Copies a file or directory into the guest with its permission bits: into `guestPath` if that is a directory. Only
   * the contents of a directory are copied from a path that ends in `/.`.
   */
  async copyIn(path: string, guestPath: string, options: Limits & CopyOptions = {}): Promise<void> {
    const { copyIntoGuest } = await import('./guest/copy.ts');
    await using channel = await this.openGuest(options);
    await copyIntoGuest(channel, path, guestPath, options);
  }

  /**
   * Copies a file or directory out of the guest with its permission bits: into `path` if that is a directory. The guest
   * is not trusted: nothing is written outside of the copy.
   * @returns the number of devices, FIFOs and sockets of a directory that were left out.
   */
  async copyOut(guestPath: string, path: string, options: Limits & CopyOptions = {}): Promise<number> {
    const { copyOutOfGuest } = await import('./guest/copy.ts');
    await using channel = await this.openGuest(options);
    return await copyOutOfGuest(channel, guestPath, path, options);
  }

  /** Unpacks a tar stream in a directory of the guest. */
  async unpack(archive: AsyncIterable<Uint8Array>, guestPath: string, limits: Limits = {}): Promise<void> {
    const [{ agentOf }, { unpackInGuest }] = await Promise.all([
      import('./guest/copy.ts'),
      import('./guest/tree/copy-tree.ts'),
    ]);
    await using channel = await this.openGuest(limits);
    await unpackInGuest(agentOf(channel), archive, guestPath, '', limits.signal);
  }

  /** Writes a file or directory of the guest as a tar stream; `output` is not ended. */
  async pack(guestPath: string, output: Writable, limits: Limits = {}): Promise<void> {
    const [{ agentOf }, { packInGuest }] = await Promise.all([
      import('./guest/copy.ts'),
      import('./guest/tree/copy-tree.ts'),
    ]);
    await using channel = await this.openGuest(limits);
    await packInGuest(agentOf(channel), guestPath, output, limits.signal);
  }

  /** Ends it as gently as it lets us, and says which step it took. */
  async stop(options: MachineStopOptions = {}): Promise<MachineStopResult> {
    const { stopMachine } = await import('./run/stop.ts');
    return stopMachine(this.#definition, options);
  }

  /** Pulls the plug. */
  async kill(): Promise<Outcome | LostOutcome> {
    const { killMachine } = await import('./run/stop.ts');
    return killMachine(this.#definition);
  }

  /** Writes its memory to a file and ends it; the next start goes on where it was. */
  async save(options: SaveMachineOptions = {}): Promise<void> {
    const { saveMachine } = await import('./run/save.ts');
    await saveMachine(this.#definition, options);
  }

  /** Stops its processors; memory and connections stay. */
  async pause(options: MonitorOptions = {}): Promise<void> {
    await this.qmp(async (monitor) => monitor.execute('stop'), options);
  }

  /** @throws NoSpaceError where it stood still for lack of space on the host, and does so again at once. */
  async resume(options: MonitorOptions = {}): Promise<void> {
    const { resumeIntoSpace } = await import('./run/resume-into-space.ts');
    const { discardSaved } = await import('./record/saved-note.ts');
    const { refuseHalfRestored } = await import('./lock/interrupted-restore.ts');
    await this.qmp(async (monitor) => {
      refuseHalfRestored(this.#definition);
      const { status } = await monitor.execute('query-status');
      if (status === 'inmigrate') {
        // Whoever started it was killed before QEMU had the saved memory, which is still in its file.
        throw new MachineStateError(this.name, status, 'waits for its saved memory', {
          hint: `start it again, and it goes on with that: vmlet start ${this.name}`,
        });
      }
      // Of a save that was interrupted at its very end: what runs on from here makes it worthless, and dangerous.
      discardSaved(this.#definition);
      if (status === 'io-error') await resumeIntoSpace(this.name, monitor);
      else await monitor.execute('cont');
    }, options);
  }

  /** Presses the reset button: the guest is not asked. */
  async reset(options: MonitorOptions = {}): Promise<void> {
    await this.qmp(async (monitor) => monitor.execute('system_reset'), options);
  }

  /**
   * Connects to an agent in the guest: vmlet's, else QEMU's. It is waited for, 30 s by default. vmlet's serves any number
   * at once; QEMU's serves one, and its user is waited for, too.
   * @throws TimedOutError, MachineStateError, or the signal's reason.
   */
  async openGuest(options: Limits = {}): Promise<GuestChannel> {
    const { openGuestChannel } = await import('./channel/guest-channel.ts');
    return openGuestChannel(this.#definition, options.timeoutMs ?? AGENT_TIMEOUT_MS, options.signal);
  }

  /**
   * The guest's addresses, and who said so. Behind passt and slirp the host reaches it through its forwards only.
   * @throws MachineStateError when nobody knows, InvalidInputError when it has no network, or the signal's reason.
   */
  async addresses(options: { readonly signal?: AbortSignal } = {}): Promise<GuestAddresses> {
    const { findGuestAddresses } = await import('./look/guest-addresses.ts');
    return findGuestAddresses(this.#definition, options);
  }

  /**
   * Gets everything ready for ssh: waits until the guest's server answers, and with the first connection authorizes the
   * machine's key for `sshUser` and makes the host keys known, by an agent in the guest.
   * @throws what `waitFor` throws; MachineStateError at once where an agent finds no ssh server; InvalidInputError when the guest has no such user; GuestSetupError.
   */
  async prepareSsh(options: SshOptions = {}): Promise<SshAccess> {
    const { prepareSsh } = await import('./ssh/ssh.ts');
    return prepareSsh(this.#definition, options);
  }

  /**
   * Gives the system's ssh the standard streams of this process until it ends.
   * @param command joined by spaces and given to the user's shell; a login shell when empty.
   * @returns the command's status, or 255 when ssh itself failed.
   * @throws MissingProgramError
   */
  async runSsh(access: SshAccess, command: readonly string[] = [], tty?: boolean): Promise<ExitStatus> {
    const { runSsh } = await import('./ssh/ssh.ts');
    return runSsh(this.#definition, access, command, tty);
  }

  /** Whether its ssh server turns the machine's key away, or has other host keys than are known. Asks it once more. */
  async refusesSsh(
    access: SshAccess,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<boolean> {
    const { refusesSsh } = await import('./ssh/ssh.ts');
    return refusesSsh(this.#definition, access, options);
  }

  /** What it has used since its QEMU was started; two of them and `rate` tell what it uses. */
  async statistics(limits: Limits = {}): Promise<MachineStatistics> {
    const { readMachineStatistics } = await import('./look/statistics.ts');
    return readMachineStatistics(this.#definition, limits);
  }

  /**
   * Connects input and output to its serial console until one of them leaves; any number can at once.
   * @throws MachineStateError when what is said is read too slowly, or the signal's reason.
   */
  async console(options: MachineConsoleOptions): Promise<MachineConsoleEnd> {
    const { openConsole } = await import('./look/console.ts');
    return openConsole(this.#definition, options);
  }

  /** What it shows on its screen, as PNG. @throws MissingDeviceError where it has none. */
  async screenshot(limits: Limits = {}): Promise<Buffer> {
    const { screenshotMachine } = await import('./look/screen.ts');
    return screenshotMachine(this.#definition, limits);
  }

  /** The program that would show its screen. @throws MissingDeviceError, MissingProgramError */
  async viewer(): Promise<ViewerCommand> {
    const { viewerOf } = await import('./look/screen.ts');
    return viewerOf(this.#definition);
  }

  /** Shows its screen, with this process's terminal, until the viewer is closed. @throws as `viewer` does. */
  async view(): Promise<ExitStatus> {
    const { viewMachine } = await import('./look/screen.ts');
    return viewMachine(this.#definition);
  }

  /**
   * Types on its keyboard, as fast as the guest reads.
   * @throws InvalidInputError, QmpStateError when it is paused, TimedOutError when the guest does not read.
   */
  async type(input: KeyboardInput): Promise<void> {
    const { typeOnMachine } = await import('./look/keyboard.ts');
    await typeOnMachine(this.#definition, input);
  }

  /** Gives QEMU's monitor to `work` for as long as that takes. */
  async qmp<T>(work: (monitor: QmpClient) => Promise<T>, options: MonitorOptions = {}): Promise<T> {
    const { withMonitor } = await import('./channel/monitor.ts');
    return withMonitor(this.#definition, work, options);
  }
}
