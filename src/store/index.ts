/** The public entry `vmlet/store`: named machines, which outlive the process that starts them. */
export { MachineStore, type ListedMachine } from './machine-store.ts';
export { NamedMachine } from './named-machine.ts';
export { LiveMachine } from './live-machine.ts';
export type { CreateOptions } from './create-options.ts';
export type { MachineSpec } from './machine-spec.ts';
export type { MachineFiles } from './machine-files.ts';
export { type MachineStatus, type LostOutcome, describeStatus, describeEnd } from './machine-status.ts';
export type { StartOptions } from './start.ts';
export type { MachineStopOptions, MachineStopResult, MachineStopRung } from './stop.ts';
export {
  type InstalledSystemdUnit,
  type SystemdUnit,
  describeSystemdUnit,
  installSystemdUnit,
  uninstallSystemdUnit,
} from './systemd.ts';
export type { RemoveOptions, RemoveResult } from './remove.ts';
export type { ChangedSpec, Difference, MachineChanges } from './changes.ts';
export type { CloneOptions } from './clone.ts';
export type { FollowMachineLogOptions, LogSource, MachineLogOptions } from './logs.ts';
export type { MachineEventsOptions } from './events.ts';
export type { LoggedEvent } from '../machine/event-log.ts';
export type { MachineConsoleEnd, MachineConsoleOptions } from './console.ts';
export type { KeyboardInput } from './keyboard.ts';
export type { ViewerCommand } from './screen.ts';
export type { DiskStatistics, MachineStatistics, NetworkStatistics } from '../machine/statistics.ts';
export { type StatisticsRate, rate } from '../machine/statistics-rate.ts';
export type { WaitConditions } from './wait-conditions.ts';
export type { WaitOptions, WaitProgress } from './wait.ts';
export type { GuestChannel, QgaChannel, VmletChannel } from './guest-channel.ts';
export type { ChannelResult, TrustedChannel } from '../guest/ssh-provision.ts';
export type { GuestAddresses } from './guest-addresses.ts';
export type { GuestAddress } from '../guest/ip-addresses.ts';
export type { SshAccess, SshOptions } from './ssh.ts';
export type { ChangedSshInclude, SshInclude } from './ssh-include.ts';
export { machinePublicKey } from './provision-ssh.ts';
export { copyIntoGuest, copyOutOfGuest } from './copy.ts';
