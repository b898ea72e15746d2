import { guestTime } from '../machine/spec/guest-time.ts';
import type { LoggedEvent } from '../machine/life/event-log.ts';
import type { Locations } from '../machine/paths/locations.ts';
import type { PortInput } from '../network/ports/port.ts';
import type { Published, SocketForward } from '../network/ports/socket-forward.ts';
import type { AddedForwards, PortChangeOptions } from './run/forwards/ports.ts';
import type { Limits } from '../util/time/deadline.ts';
import type { ChangedSpec, MachineChanges } from './spec/changed-spec.ts';
import type { CloneOptions } from './life/clone.ts';
import { type Definition, presentDefinition, readDefinition } from './record/definition.ts';
import type { AddedDisk, DiskChanges, RemoveDiskOptions, ResizeDiskOptions } from './disks/disks.ts';
import type { ListedDisk } from './disks/listed-disks.ts';
import type { ChangeCdOptions, ChangedCd, ListedDrive } from './disks/media.ts';
import type { MachineEventsOptions } from './look/events.ts';
import { type ListedForward, plannedPorts } from './spec/forwards.ts';
import { LiveMachine } from './run/live-machine.ts';
import type { FollowMachineLogOptions, LogSource, MachineLogOptions } from './look/logs.ts';
import type { CommandEnd } from './record/run-record.ts';
import type { MachineFiles } from './record/machine-files.ts';
import type { MachineSpec } from './spec/machine-spec.ts';
import { pendingChanges } from './spec/pending-changes.ts';
import { readPlan } from './record/machine-plan-file.ts';
import { isEnteredByAgent } from './record/ssh-record.ts';
import { type MachineStatus, statusOf, notRunning } from './record/machine-status.ts';
import type { InstalledSystemdUnit, SystemdUnit } from './life/systemd.ts';
import type { ListedSnapshot, SnapshotOptions } from './snapshots/snapshots.ts';
import type { ChangedShare, ListedShare, RemoveShareOptions } from './run/devices/shares.ts';
import type { VolumeInput } from '../machine/mount/volume-spec.ts';
import type { StartDryRun } from './run/start/start-dry-run.ts';
import type { StartOptions } from './run/start/start-options.ts';
import type { WaitConditions } from './guest/wait-conditions.ts';
import type { WaitOptions } from './guest/wait.ts';

const IDENTITY_TIMEOUT_MS = 60_000;

/** A machine of the store, in any state. */
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

  /** Its definition when it was looked up. */
  get spec(): MachineSpec {
    return this.#definition.spec;
  }

  /** Paths of all its files. */
  get files(): MachineFiles {
    return this.#definition.files;
  }

  /** Returns its current status. */
  status(): MachineStatus {
    return statusOf(this.#definition);
  }

  /**
   * Starts it, or resumes it from its saved state. It keeps running when this process exits. With copies of directories,
   * this waits for the guest to boot.
   *
   * For a clone, this then waits for the guest to give it a new identity; `identityProblem` says why that failed. With
   * `paused`, and when `restoreSnapshot` starts it, a clone keeps the identity of the original until its next start.
   * @throws MachineBusyError, MachineStateError, LaunchError, PortTakenError, or the signal's reason; then nothing of the
   *   start is left running, except for a clone whose guest was waited for, and a machine that has loaded its saved memory.
   */
  async start(options: StartOptions = {}): Promise<LiveMachine> {
    const { startMachine } = await import('./run/start/start.ts');
    const definition = await startMachine(this.#locations, this.name, options);
    if (definition.spec.guestIdentity === 'own' || options.paused === true) {
      return new LiveMachine(this.#locations, definition);
    }
    const { renewIdentity } = await import('./run/renew-identity.ts');
    const {
      identityTimeoutMs: timeoutMs = guestTime(IDENTITY_TIMEOUT_MS, readPlan(definition.files).accelerator),
      onRenewIdentity: onProgress,
      signal,
    } = options;
    const problem = await renewIdentity(this.#locations, definition, { timeoutMs, onProgress, signal });
    return new LiveMachine(this.#locations, readDefinition(this.#locations, this.name), problem);
  }

  /**
   * Waits until all conditions have been true: at most 2 minutes by default, 10 with `cloudInit`, and six times as long
   * without KVM.
   * @throws TimedOutError with the last observations in its hint; MachineEndedError when it ends before another condition
   *   is true; MachineStateError when it is not running and not expected to start; InvalidInputError, or the signal's
   *   reason.
   */
  async waitFor(conditions: WaitConditions, options: WaitOptions = {}): Promise<void> {
    const { waitForMachine } = await import('./guest/wait.ts');
    await waitForMachine(readDefinition(this.#locations, this.name), conditions, options);
  }

  /**
   * Waits until the command of `create({ command })` has ended and the machine with it; without a time limit by default.
   * A machine that is removed after its command is removed after this call; see `MachineStore.waitForCommand`.
   * @throws MachineStateError without a command, or when it ended unobserved; TimedOutError, or the signal's reason.
   */
  async waitForCommand(options: WaitOptions = {}): Promise<CommandEnd> {
    const { waitForCommand } = await import('./guest/wait-for-command.ts');
    return waitForCommand(this.#locations, this.name, options);
  }

  /**
   * Resumes it from its saved memory.
   * @throws MachineStateError without saved memory, and what `start` throws.
   */
  async restore(options: StartOptions = {}): Promise<LiveMachine> {
    const { requireSavedMemory } = await import('./record/saved-note.ts');
    requireSavedMemory(readDefinition(this.#locations, this.name));
    return this.start(options);
  }

  /**
   * Changes its settings; for a running machine most take effect at its next start.
   * @throws InvalidInputError, MachineBusyError
   */
  async set(changes: MachineChanges): Promise<ChangedSpec> {
    const { setMachine } = await import('./lock/edit.ts');
    return setMachine(this.#locations, this.name, changes);
  }

  /**
   * Returns the settings that have changed since its start and take effect at the next one, by the names of their options
   * in `set`; none while it is not running.
   */
  pendingChanges(): readonly string[] {
    if (this.status().kind !== 'running') return [];
    return pendingChanges(this.#present().spec, readPlan(this.files).settings);
  }

  /**
   * Publishes more ports and sockets, immediately if it is running. See `addPorts` for the effect on open connections.
   * @throws InvalidInputError, PortTakenError, MachineBusyError
   */
  async addPorts(ports: readonly PortInput[], options: PortChangeOptions = {}): Promise<AddedForwards> {
    const { addPorts } = await import('./run/forwards/ports.ts');
    return addPorts(this.#locations, this.name, ports, options);
  }

  /**
   * Removes forwards; undefined removes all but the automatic one.
   * @throws InvalidInputError for an unknown one, and for the automatic one.
   */
  async removePorts(
    ports: readonly string[] | undefined,
    options: PortChangeOptions = {},
  ): Promise<Published> {
    const { removePorts } = await import('./run/forwards/ports.ts');
    return removePorts(this.#locations, this.name, ports, options);
  }

  /** Returns its forwards; all host ports are known while it is running. */
  ports(): readonly ListedForward[] {
    if (this.status().kind === 'running') return this.live().ports();
    const present = this.#present();
    return plannedPorts(present.spec, isEnteredByAgent(present));
  }

  /** Returns the unix sockets of the host that lead to its ports. */
  sockets(): readonly SocketForward[] {
    return this.status().kind === 'running' ? this.live().sockets() : (this.#present().spec.sockets ?? []);
  }

  /**
   * Connects it to a private network, immediately if it is running.
   * @param network as in `CreateOptions.networks`.
   * @throws InvalidInputError, NetworkNotFoundError, MachineStateError (it is in the network already, has no free port, is
   *   paused or saved, or the guest does not set up the card), MachineBusyError. Only in the last case of
   *   MachineStateError it is connected.
   */
  async connectNetwork(network: string, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const { connectNetwork } = await import('./run/devices/networks.ts');
    await connectNetwork(this.#locations, this.name, network, options);
  }

  /**
   * Disconnects it from a private network; a running guest is asked to release the card first.
   * @param limits `timeoutMs` is the time for the guest to release it, 30 000 by default.
   * @throws GuestHoldsDeviceError when the guest does not release it (nothing has changed then, but it may still release
   *   it); MachineStateError, also for a paused machine; MachineBusyError
   */
  async disconnectNetwork(network: string, limits: Limits = {}): Promise<void> {
    const { disconnectNetwork } = await import('./run/devices/networks.ts');
    await disconnectNetwork(this.#locations, this.name, network, limits);
  }

  /** Lists its disks and their use of space. */
  async disks(options: { readonly signal?: AbortSignal } = {}): Promise<readonly ListedDisk[]> {
    const { listDisks } = await import('./disks/listed-disks.ts');
    return listDisks(readDefinition(this.#locations, this.name), options);
  }

  /**
   * Adds a disk, immediately if it is running; its guest has to look for it.
   * @param disk as in `CreateOptions.disks`.
   * @throws InvalidInputError, MachineStateError (no free port, or saved), MachineBusyError, ImageLockedError,
   *   PermissionError, NoSpaceError; nothing has changed then.
   */
  async addDisk(disk: string, options: { readonly signal?: AbortSignal } = {}): Promise<AddedDisk> {
    const { addDisk } = await import('./disks/disks.ts');
    return addDisk(this.#locations, this.name, disk, options);
  }

  /**
   * Removes a disk; a running guest is asked to release it first.
   * @returns the paths of its file and its backing files, unless they were removed.
   * @throws GuestHoldsDeviceError when the guest does not release it (nothing has changed then); InvalidInputError,
   *   ReplacedError for another `id`, MachineStateError, MachineBusyError
   */
  async removeDisk(disk: string, options: RemoveDiskOptions = {}): Promise<readonly string[]> {
    const { removeDisk } = await import('./disks/disks.ts');
    return removeDisk(this.#locations, this.name, disk, options);
  }

  /**
   * Resizes a disk; a running guest is notified. The guest has to grow its file systems itself.
   * @param size a size such as `30G`, or an increase such as `+10G`.
   * @returns the new size in bytes.
   * @throws InvalidInputError, ReplacedError for another `id`, NoSpaceError, MachineStateError, MachineBusyError
   */
  async resizeDisk(disk: string, size: string, options: ResizeDiskOptions = {}): Promise<number> {
    const { resizeDisk } = await import('./disks/disks.ts');
    return resizeDisk(this.#locations, this.name, disk, size, options);
  }

  /** Changes the settings of a disk, effective from the next start. @throws InvalidInputError, MachineBusyError */
  async setDisk(disk: string, changes: DiskChanges): Promise<void> {
    const { setDisk } = await import('./disks/disks.ts');
    await setDisk(this.#locations, this.name, disk, changes);
  }

  /** Lists its directories, volumes and tmpfs. */
  async shares(): Promise<readonly ListedShare[]> {
    const { listShares } = await import('./run/devices/shares.ts');
    return listShares(readDefinition(this.#locations, this.name));
  }

  /**
   * Adds a directory of the host, a volume or a tmpfs. If it runs and was started with a directory, its guest gets another
   * one at once; copies, volumes, tmpfs and a first directory at the next start.
   * @param share as in `CreateOptions.volumes`, or text in the grammar of `CreateOptions.mounts`.
   * @throws InvalidInputError, SharesUnavailableError, MachineStateError (saved or paused), MachineBusyError,
   *   GuestMountError, TimedOutError when the guest's agent does not answer; nothing has changed then.
   */
  async addShare(share: VolumeInput, options: { readonly signal?: AbortSignal } = {}): Promise<ChangedShare> {
    const { addShare } = await import('./run/devices/shares.ts');
    return addShare(this.#locations, this.name, share, options);
  }

  /**
   * Removes a directory, volume or tmpfs; files and volumes are kept. A running guest unmounts a directory first.
   * @param target its path in the guest.
   * @throws GuestHoldsDeviceError while the guest uses it (nothing has changed then); InvalidInputError,
   *   MachineStateError, MachineBusyError, TimedOutError
   */
  async removeShare(target: string, options: RemoveShareOptions = {}): Promise<ChangedShare> {
    const { removeShare } = await import('./run/devices/shares.ts');
    return removeShare(this.#locations, this.name, target, options);
  }

  /** Lists its CD drives. */
  async drives(options: { readonly signal?: AbortSignal } = {}): Promise<readonly ListedDrive[]> {
    const { listDrives } = await import('./disks/media.ts');
    return listDrives(readDefinition(this.#locations, this.name), options);
  }

  /**
   * Inserts a CD, or ejects it. A running machine gets it at once, and its guest is notified.
   * @param path path of an ISO image; undefined leaves the drive empty.
   * @throws InvalidInputError, ImageRefusedError for an invalid or truncated image, GuestHoldsDeviceError when the guest
   *   has locked the drive, PermissionError, MachineStateError, MachineBusyError; nothing has changed then.
   */
  async changeCd(path: string | undefined, options: ChangeCdOptions = {}): Promise<ChangedCd> {
    const { changeCd } = await import('./disks/media.ts');
    return changeCd(this.#locations, this.name, path, options);
  }

  /**
   * Adds a CD drive, effective from the next start.
   * @param path ISO image in the drive; empty by default.
   * @throws InvalidInputError, ImageRefusedError, MachineStateError, MachineBusyError
   */
  async addCdDrive(path?: string): Promise<ChangedCd> {
    const { addCdDrive } = await import('./disks/media.ts');
    return addCdDrive(this.#locations, this.name, path);
  }

  /** Removes a CD drive, effective from the next start; by default its only one. */
  async removeCdDrive(drive?: string): Promise<ChangedCd> {
    const { removeCdDrive } = await import('./disks/media.ts');
    return removeCdDrive(this.#locations, this.name, drive);
  }

  /** Lists its snapshots, oldest first. */
  async snapshots(options: { readonly signal?: AbortSignal } = {}): Promise<readonly ListedSnapshot[]> {
    const { listMachineSnapshots } = await import('./snapshots/snapshots.ts');
    return listMachineSnapshots(readDefinition(this.#locations, this.name), options);
  }

  /**
   * Takes a snapshot of its disks and UEFI variables, and of its memory if it is running. All or nothing. The guest is
   * paused while QEMU writes the memory. The state of a TPM is included only with the memory.
   * @param name at most 255 bytes, not only digits.
   * @throws InvalidInputError for a name that is taken, or a machine with a raw disk or one that is removed after its
   *   command; MachineStateError when it is saved; MachineBusyError, NoSpaceError, QmpJobError, or the signal's reason.
   */
  async createSnapshot(name: string, options: SnapshotOptions = {}): Promise<void> {
    const { createMachineSnapshot } = await import('./snapshots/snapshots.ts');
    await createMachineSnapshot(this.#locations, this.name, name, options);
  }

  /**
   * Restores a snapshot. With memory, the machine resumes from there, and is started if necessary. Without memory, its disks
   * are restored, and it must be stopped. Later changes are lost.
   * @throws InvalidInputError for an unknown or incomplete snapshot; MachineStateError when the machine is saved, when its
   *   hardware differs from that of the memory, or when it is running and has a command, or the snapshot has no memory;
   *   MachineBusyError, LaunchError, QmpJobError, or the signal's reason.
   */
  async restoreSnapshot(name: string, options: SnapshotOptions = {}): Promise<void> {
    const { restoreMachineSnapshot } = await import('./snapshots/restore-snapshot.ts');
    await restoreMachineSnapshot(this.#locations, this.name, name, options);
  }

  /** @throws InvalidInputError for an unknown snapshot, MachineBusyError, QmpJobError */
  async removeSnapshots(
    names: readonly string[],
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    const { removeMachineSnapshots } = await import('./snapshots/snapshots.ts');
    await removeMachineSnapshots(this.#locations, this.name, names, options);
  }

  /** @throws MachineStateError when it is running, MachineExistsError, MachineBusyError, InvalidInputError */
  async rename(newName: string): Promise<NamedMachine> {
    const { renameMachine } = await import('./life/rename.ts');
    await renameMachine(this.#locations, this.name, newName);
    return new NamedMachine(this.#locations, readDefinition(this.#locations, newName));
  }

  /**
   * Clones this machine, which must not be running; see `CloneOptions`.
   * @throws MachineStateError, MachineExistsError, MachineBusyError, InvalidInputError, NoSpaceError
   */
  async clone(newName: string, options: CloneOptions = {}): Promise<NamedMachine> {
    const { cloneMachine } = await import('./life/clone.ts');
    await cloneMachine(this.#locations, this.name, newName, options);
    return new NamedMachine(this.#locations, readDefinition(this.#locations, newName));
  }

  /** Returns the machine's public key for the guest's authorized_keys, as `TYPE BASE64 comment`. */
  async publicKey(): Promise<string> {
    const { machinePublicKey } = await import('./ssh/provision-ssh.ts');
    return machinePublicKey(this.files.ssh);
  }

  /**
   * Returns the systemd user unit that starts it, without installing it.
   * @throws InvalidInputError for a machine that is removed after its command.
   */
  async systemdUnit(): Promise<SystemdUnit> {
    const { describeSystemdUnit } = await import('./life/systemd.ts');
    return describeSystemdUnit(this.name);
  }

  /** Returns whether it has a systemd user unit, and runs outside of it: systemd neither stops it nor starts it again. */
  async runsOutsideUnit(): Promise<boolean> {
    const { runsOutsideUnit } = await import('./life/systemd.ts');
    return runsOutsideUnit(this.name, this.files);
  }

  /**
   * Enables its start by the systemd user manager.
   * @throws UserManagerUnavailableError, CommandFailedError, and what `systemdUnit` throws.
   */
  async installSystemdUnit(): Promise<InstalledSystemdUnit> {
    const { installSystemdUnit } = await import('./life/systemd.ts');
    return installSystemdUnit(this.name);
  }

  /**
   * Checks that the next start finds the directories of the host that it shares or copies, and the files of its disks and
   * CDs. Call it before stopping the machine to start it again.
   * @throws InvalidInputError for a directory or file that is missing, SharesUnavailableError, or the signal's reason.
   */
  async checkDirectories(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const { requireDirectories } = await import('./plan/host-directories.ts');
    const { requireDiskFiles } = await import('./plan/disk-files.ts');
    const definition = this.#present();
    requireDiskFiles(definition);
    await requireDirectories(this.#locations, definition.spec, options.signal);
  }

  /**
   * Returns what `start` would do, without doing it.
   * @throws what `start` throws before it starts anything.
   */
  async dryRun(): Promise<StartDryRun> {
    const { dryRunStart } = await import('./run/start/start-dry-run.ts');
    return dryRunStart(this.#locations, this.#present());
  }

  /** Yields the contents of one of its logs in pieces, in any state; nothing when the log does not exist. */
  async *log(source: LogSource, options: MachineLogOptions = {}): AsyncGenerator<Buffer, void, undefined> {
    const { readMachineLog } = await import('./look/logs.ts');
    yield* readMachineLog(this.#definition, source, options);
  }

  /**
   * Yields the contents of a log and everything appended later, across runs.
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
   * Yields QEMU's events and the keeper's own (`VMLET_…`), across runs. A slow reader blocks nothing.
   * @throws MachineNotFoundError when it is removed, or the signal's reason.
   */
  async *events(options: MachineEventsOptions = {}): AsyncGenerator<LoggedEvent, void, undefined> {
    const { followMachineEvents } = await import('./look/events.ts');
    yield* followMachineEvents(this.#definition, options);
  }

  /** Returns the running machine. @throws MachineStateError when it is not running. */
  live(): LiveMachine {
    const status = this.status();
    if (status.kind !== 'running') throw notRunning(this.name, status.kind);
    return new LiveMachine(this.#locations, readDefinition(this.#locations, this.name));
  }

  #present(): Definition {
    return presentDefinition(this.#locations, this.#definition);
  }
}
