import { guestTime } from '../machine/spec/guest-time.ts';
import type { LoggedEvent } from '../machine/life/event-log.ts';
import type { Locations } from '../machine/paths/locations.ts';
import type { BoundForward, PortForward, PortInput } from '../network/ports/port.ts';
import type { Limits } from '../util/time/deadline.ts';
import type { ChangedSpec, MachineChanges } from './spec/changes.ts';
import type { CloneOptions } from './life/clone.ts';
import { type Definition, readDefinition } from './record/definition.ts';
import type { AddedDisk, DiskChanges, RemoveDiskOptions, ResizeDiskOptions } from './disks/disks.ts';
import type { ListedDisk } from './disks/listed-disks.ts';
import type { ChangeCdOptions, ChangedCd, ListedDrive } from './disks/media.ts';
import type { MachineEventsOptions } from './look/events.ts';
import { plannedPorts } from './spec/forwards.ts';
import { LiveMachine } from './live-machine.ts';
import type { FollowMachineLogOptions, LogSource, MachineLogOptions } from './look/logs.ts';
import type { MachineFiles } from './record/machine-files.ts';
import type { MachineSpec } from './spec/machine-spec.ts';
import { readPlan } from './record/machine-plan-file.ts';
import { type MachineStatus, readStatus, notRunning } from './record/machine-status.ts';
import type { InstalledSystemdUnit, SystemdUnit } from './life/systemd.ts';
import type { ListedSnapshot, SnapshotOptions } from './snapshots/snapshots.ts';
import type { StartDryRun } from './run/start-dry-run.ts';
import type { StartOptions } from './run/start-options.ts';
import type { WaitConditions } from './guest/wait-conditions.ts';
import type { WaitOptions } from './guest/wait.ts';

const IDENTITY_TIMEOUT_MS = 60_000;

/** A machine of the store, whatever it does just now. */
export class NamedMachine {
  readonly #locations: Locations;
  readonly #definition: Definition;

  constructor(locations: Locations, definition: Definition) {
    this.#locations = locations;
    this.#definition = definition;
  }

  get name(): string {
    return this.spec.name;
  }

  /** As it was when the machine was looked up. */
  get spec(): MachineSpec {
    return this.#definition.spec;
  }

  /** Where everything of it lies. */
  get files(): MachineFiles {
    return this.#definition.files;
  }

  /** What it does just now. */
  status(): MachineStatus {
    return readStatus(this.files);
  }

  /**
   * Starts it, or goes on with its saved state. It lives on when this process ends.
   *
   * The guest of a clone is then waited for, to be given an identity of its own; `identityProblem` says when that failed.
   * @throws MachineBusyError, MachineStateError, LaunchError, PortTakenError, or the signal's reason; nothing of the
   *   start runs then, but a clone that was waited for does.
   */
  async start(options: StartOptions = {}): Promise<LiveMachine> {
    const { startMachine } = await import('./run/start.ts');
    const definition = await startMachine(this.#locations, this.name, options);
    if (definition.spec.guestIdentity === 'own' || options.paused === true) {
      return new LiveMachine(definition);
    }
    const { renewIdentity } = await import('./run/renew-identity.ts');
    const {
      identityTimeoutMs: timeoutMs = guestTime(IDENTITY_TIMEOUT_MS, readPlan(definition.files).accelerator),
      onRenewIdentity: onProgress,
      signal,
    } = options;
    const problem = await renewIdentity(this.#locations, definition, { timeoutMs, onProgress, signal });
    return new LiveMachine(readDefinition(this.#locations, this.name), problem);
  }

  /**
   * Waits until all conditions have been true, at most 2 minutes by default, 10 with `cloudInit`, and six
   * times as long without KVM.
   * @throws TimedOutError whose hint says what the last looks showed; MachineEndedError when it ends while something
   *   else is waited for; MachineStateError when it does not run and nothing says that it will; InvalidInputError, or
   *   the signal's reason.
   */
  async waitFor(conditions: WaitConditions, options: WaitOptions = {}): Promise<void> {
    const { waitForMachine } = await import('./guest/wait.ts');
    await waitForMachine(readDefinition(this.#locations, this.name), conditions, options);
  }

  /**
   * Goes on with its saved memory.
   * @throws MachineStateError when it has none, and what `start` throws.
   */
  async restore(options: StartOptions = {}): Promise<LiveMachine> {
    const { requireSavedMemory } = await import('./record/saved-memory.ts');
    requireSavedMemory(readDefinition(this.#locations, this.name));
    return this.start(options);
  }

  /**
   * Changes what it is; one that runs has most of it with its next start.
   * @throws InvalidInputError, MachineBusyError
   */
  async set(changes: MachineChanges): Promise<ChangedSpec> {
    const { setMachine } = await import('./lock/edit.ts');
    return setMachine(this.#locations, this.name, changes);
  }

  /**
   * Publishes more ports; where it runs, at once. See `addPorts` for what each backend does to open connections.
   * @throws InvalidInputError, PortTakenError, MachineBusyError
   */
  async addPorts(
    ports: readonly PortInput[],
    limits: Limits = {},
  ): Promise<readonly (PortForward | BoundForward)[]> {
    const { addPorts } = await import('./run/ports.ts');
    return addPorts(this.#locations, this.name, ports, limits);
  }

  /** Takes forwards away; undefined for all. @throws InvalidInputError for one that is not there. */
  async removePorts(
    ports: readonly string[] | undefined,
    limits: Limits = {},
  ): Promise<readonly PortForward[]> {
    const { removePorts } = await import('./run/ports.ts');
    return removePorts(this.#locations, this.name, ports, limits);
  }

  /** What it publishes: with all host ports known where it runs. */
  ports(): readonly (PortForward | BoundForward)[] {
    return this.status().kind === 'running' ? this.live().ports() : plannedPorts(this.spec);
  }

  /** Its disks, and what each takes on the host. */
  async disks(options: { readonly signal?: AbortSignal } = {}): Promise<readonly ListedDisk[]> {
    const { listDisks } = await import('./disks/listed-disks.ts');
    return listDisks(readDefinition(this.#locations, this.name), options);
  }

  /**
   * Gives it another disk; where it runs, at once, and its guest finds it when it looks.
   * @param disk as in `CreateOptions.disks`.
   * @throws InvalidInputError, MachineStateError (no port is free, or it is saved), MachineBusyError, ImageLockedError,
   *   PermissionError, NoSpaceError; nothing has changed then.
   */
  async addDisk(disk: string, options: { readonly signal?: AbortSignal } = {}): Promise<AddedDisk> {
    const { addDisk } = await import('./disks/disks.ts');
    return addDisk(this.#locations, this.name, disk, options);
  }

  /**
   * Takes a disk away; where it runs, its guest is asked to let go of it first.
   * @returns where its file is now, and what that stands on, unless it was removed.
   * @throws GuestHoldsDeviceError when the guest does not, and nothing has changed then; InvalidInputError,
   *   MachineStateError, MachineBusyError
   */
  async removeDisk(disk: string, options: RemoveDiskOptions = {}): Promise<readonly string[]> {
    const { removeDisk } = await import('./disks/disks.ts');
    return removeDisk(this.#locations, this.name, disk, options);
  }

  /**
   * Makes a disk larger; a guest that runs is told. What is on it, the guest grows itself.
   * @param size as in `30G`, or by how much more, as in `+10G`.
   * @returns the new size in bytes.
   * @throws InvalidInputError, NoSpaceError, MachineStateError, MachineBusyError
   */
  async resizeDisk(disk: string, size: string, options: ResizeDiskOptions = {}): Promise<number> {
    const { resizeDisk } = await import('./disks/disks.ts');
    return resizeDisk(this.#locations, this.name, disk, size, options);
  }

  /** Changes how a disk is used, from the next start on. @throws InvalidInputError, MachineBusyError */
  async setDisk(disk: string, changes: DiskChanges): Promise<void> {
    const { setDisk } = await import('./disks/disks.ts');
    await setDisk(this.#locations, this.name, disk, changes);
  }

  /** Its CD drives. */
  async drives(options: { readonly signal?: AbortSignal } = {}): Promise<readonly ListedDrive[]> {
    const { listDrives } = await import('./disks/media.ts');
    return listDrives(readDefinition(this.#locations, this.name), options);
  }

  /**
   * Puts a CD into a drive, or takes out what is in it; where it runs, at once, and its guest is told.
   * @param path an ISO image; undefined leaves the drive empty.
   * @throws InvalidInputError, ImageRefusedError for what is no CD image or is cut off, GuestHoldsDeviceError when the
   *   guest has locked the drive, PermissionError, MachineStateError, MachineBusyError; nothing has changed then.
   */
  async changeCd(path: string | undefined, options: ChangeCdOptions = {}): Promise<ChangedCd> {
    const { changeCd } = await import('./disks/media.ts');
    return changeCd(this.#locations, this.name, path, options);
  }

  /**
   * Gives it another CD drive, from the next start on.
   * @param path what is in it; empty by default.
   * @returns its name.
   * @throws InvalidInputError, ImageRefusedError, MachineStateError, MachineBusyError
   */
  async addCdDrive(path?: string): Promise<string> {
    const { addCdDrive } = await import('./disks/media.ts');
    return addCdDrive(this.#locations, this.name, path);
  }

  /** Takes a CD drive away, from the next start on; its only one by default. @returns its name. */
  async removeCdDrive(drive?: string): Promise<string> {
    const { removeCdDrive } = await import('./disks/media.ts');
    return removeCdDrive(this.#locations, this.name, drive);
  }

  /** What was kept of it, the oldest first. */
  async snapshots(options: { readonly signal?: AbortSignal } = {}): Promise<readonly ListedSnapshot[]> {
    const { listMachineSnapshots } = await import('./snapshots/snapshots.ts');
    return listMachineSnapshots(readDefinition(this.#locations, this.name), options);
  }

  /**
   * Keeps what it is at this moment: its disks and UEFI variables, and where it runs its memory. All or nothing. While
   * QEMU writes the memory the guest stands still. A TPM's state is not on a disk, and is kept with memory only.
   * @param name at most 255 bytes that are not only digits.
   * @throws InvalidInputError for a name that is taken, and for a machine with a raw disk; MachineStateError when it is
   *   saved; MachineBusyError, NoSpaceError, QmpJobError, or the signal's reason.
   */
  async createSnapshot(name: string, options: SnapshotOptions = {}): Promise<void> {
    const { createMachineSnapshot } = await import('./snapshots/snapshots.ts');
    await createMachineSnapshot(this.#locations, this.name, name, options);
  }

  /**
   * Makes it what it was: with memory it runs on from there, started where it does not run; without, its disks are what
   * they were, and it does not run. What was written since is lost.
   * @throws InvalidInputError for a snapshot that is not there or not of all its disks; MachineStateError when it is
   *   saved, when the memory is of other hardware, and for one without memory when it runs; MachineBusyError,
   *   LaunchError, QmpJobError, or the signal's reason.
   */
  async restoreSnapshot(name: string, options: SnapshotOptions = {}): Promise<void> {
    const { restoreMachineSnapshot } = await import('./snapshots/restore-snapshot.ts');
    await restoreMachineSnapshot(this.#locations, this.name, name, options);
  }

  /** @throws InvalidInputError for one that is not there, MachineBusyError, QmpJobError */
  async removeSnapshots(
    names: readonly string[],
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    const { removeMachineSnapshots } = await import('./snapshots/snapshots.ts');
    await removeMachineSnapshots(this.#locations, this.name, names, options);
  }

  /** @throws MachineStateError when it runs, MachineExistsError, MachineBusyError, InvalidInputError */
  async rename(newName: string): Promise<NamedMachine> {
    const { renameMachine } = await import('./lock/edit.ts');
    await renameMachine(this.#locations, this.name, newName);
    return new NamedMachine(this.#locations, readDefinition(this.#locations, newName));
  }

  /**
   * Makes a machine like this one, which must not run; see `CloneOptions`.
   * @throws MachineStateError, MachineExistsError, MachineBusyError, InvalidInputError, NoSpaceError
   */
  async clone(newName: string, options: CloneOptions = {}): Promise<NamedMachine> {
    const { cloneMachine } = await import('./life/clone.ts');
    await cloneMachine(this.#locations, this.name, newName, options);
    return new NamedMachine(this.#locations, readDefinition(this.#locations, newName));
  }

  /** `TYPE BASE64 comment`: what lets vmlet's ssh in, for the guest's authorized_keys. */
  async publicKey(): Promise<string> {
    const { machinePublicKey } = await import('./ssh/provision-ssh.ts');
    return machinePublicKey(this.files.ssh);
  }

  /** The unit by which the user's systemd starts it; it is not installed by this. */
  async systemdUnit(): Promise<SystemdUnit> {
    const { describeSystemdUnit } = await import('./life/systemd.ts');
    return describeSystemdUnit(this.name);
  }

  /** Lets the user's systemd start it. @throws UserManagerUnavailableError, CommandFailedError */
  async installSystemdUnit(): Promise<InstalledSystemdUnit> {
    const { installSystemdUnit } = await import('./life/systemd.ts');
    return installSystemdUnit(this.name);
  }

  /**
   * Says what `start` would do, and does nothing of it.
   * @throws what `start` throws before it starts anything.
   */
  async dryRun(): Promise<StartDryRun> {
    const { dryRunStart } = await import('./run/start-dry-run.ts');
    return dryRunStart(this.#locations, this.#definition);
  }

  /** What one of its logs holds, in pieces; it need not run. Nothing where there is no such log. */
  async *log(source: LogSource, options: MachineLogOptions = {}): AsyncGenerator<Buffer, void, undefined> {
    const { readMachineLog } = await import('./look/logs.ts');
    yield* readMachineLog(this.#definition, source, options);
  }

  /**
   * The same, and what is still to come, from run to run.
   * @throws MachineNotFoundError when it is removed, or the signal's reason.
   */
  async *followLog(
    source: LogSource,
    options: FollowMachineLogOptions = {},
  ): AsyncGenerator<Buffer, void, undefined> {
    const { followMachineLog } = await import('./look/logs.ts');
    yield* followMachineLog(this.#definition, source, options);
  }

  /**
   * QEMU's events, and the keeper's own (`VMLET_…`), from run to run. Nothing waits for who reads them.
   * @throws MachineNotFoundError when it is removed, or the signal's reason.
   */
  async *events(options: MachineEventsOptions = {}): AsyncGenerator<LoggedEvent, void, undefined> {
    const { followMachineEvents } = await import('./look/events.ts');
    yield* followMachineEvents(this.#definition, options);
  }

  /** The machine as one that runs. @throws MachineStateError when it does not. */
  live(): LiveMachine {
    const status = this.status();
    if (status.kind !== 'running') throw notRunning(this.name, status.kind);
    return new LiveMachine(readDefinition(this.#locations, this.name));
  }
}
