/** The public entry `vmlet/store`: named machines, which outlive the process that starts them. */
export { MachineStore, type ListedMachine } from './machine-store.ts';
export { NamedMachine } from './named-machine.ts';
export { LiveMachine, type OpenGuestOptions } from './run/live-machine.ts';
export {
  type ListedNetwork,
  NetworkStore,
  type PrivateNetwork,
  type PrivateNetworkMember,
} from './life/network-store.ts';
export type { PrivateNetworkOptions } from '../network/private/network-options.ts';
export type { SwitchState } from '../network/private/switch-client.ts';
export type { CreateOptions } from './spec/create-options.ts';
export type { MachineSpec } from './spec/machine-spec.ts';
export type { MachineFiles } from './record/machine-files.ts';
export type { CommandEnd, FailedMount } from './record/run-record.ts';
export {
  type MachineStatus,
  type LostOutcome,
  describeStatus,
  describeEnd,
  processorsRun,
} from './record/machine-status.ts';
export type { OutOfSpace } from '../machine/life/out-of-space.ts';
export type { StartOptions } from './run/start/start-options.ts';
export type { MachineStopOptions, MachineStopResult, MachineStopRung } from './run/stop.ts';
export type { InstalledSystemdUnit, SystemdUnit } from './life/systemd.ts';
export type { KeptVolume } from './disks/remove-volumes.ts';
export type { RemoveOptions, RemoveResult } from './life/remove.ts';
export type { ListedForward } from './spec/forwards.ts';
export type { AddedForwards, PortChangeOptions } from './run/forwards/ports.ts';
export type { ChangedSpec, Difference, MachineChanges } from './spec/changed-spec.ts';
export type { CloneOptions } from './life/clone.ts';
export { type OutputPart, OutputLogReader } from '../machine/logs/output-log.ts';
export {
  type FollowMachineLogOptions,
  LOG_SOURCES,
  type LogSource,
  type MachineLogOptions,
} from './look/logs.ts';
export type { MachineChangesOptions } from './look/change-stream.ts';
export type { MachineEventsOptions } from './look/events.ts';
export type { LoggedEvent } from '../machine/life/event-log.ts';
export {
  type AttachConsoleOptions,
  type ConsoleEnd,
  attachConsole,
} from '../machine/screen/console-client.ts';
export type { MachineConsoleEnd, MachineConsoleOptions } from './look/open-console.ts';
export type { KeyboardInput } from './look/machine-keyboard.ts';
export type { ViewerCommand } from './look/screen.ts';
export type { DiskStatistics, MachineStatistics, NetworkStatistics } from '../machine/logs/statistics.ts';
export type { StatisticsOptions } from './look/machine-statistics.ts';
export { qemuTime, statisticsAtRest } from './look/statistics-at-rest.ts';
export { type StatisticsRate, rate } from '../machine/logs/statistics-rate.ts';
export type { WaitConditions } from './guest/wait-conditions.ts';
export type { CopyOptions } from '../guest/tree/tree-copy.ts';
export type { SyncPass } from '../guest/sync/tree-sync.ts';
export type { SyncOptions } from './guest/sync.ts';
export type { WaitOptions, WaitProgress } from './guest/wait.ts';
export type { GuestChannel, QgaChannel, VmletChannel } from './channel/guest-channel.ts';
export type { ChannelResult, TrustedChannel } from '../guest/ssh/ssh-provision.ts';
export type { GuestAddresses } from './look/guest-addresses.ts';
export type { GuestAddress } from '../guest/ip-addresses.ts';
export type { SshAccess, SshOptions } from './ssh/ssh.ts';
export type { SshConnection } from './ssh/ssh-connection.ts';
export type { ChangedSshInclude, SshInclude } from './ssh/ssh-include.ts';
export type { AddedDisk, DiskChanges, RemoveDiskOptions, ResizeDiskOptions } from './disks/disks.ts';
export { type VolumeOptions, VolumeStore } from './disks/volume-store.ts';
export type { PruneVolumesOptions, RemoveVolumeOptions, SeenVolume } from './disks/remove-volumes.ts';
export type { ListedVolume, VolumeMachine, VolumeUsers } from './disks/volume-users.ts';
export type { Volume } from '../machine/volume/volume.ts';
export type { ListedDisk } from './disks/listed-disks.ts';
export type { ChangedShare, ListedShare, RemoveShareOptions } from './run/devices/shares.ts';
export type { ChangeCdOptions, ChangedCd, ListedDrive } from './disks/media.ts';
export type { ListedSnapshot, SnapshotOptions } from './snapshots/snapshots.ts';
