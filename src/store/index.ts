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
