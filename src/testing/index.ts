export { useMachine, useNetwork, type RunnerContext } from './guests/use-machine.ts';
export { TestMachine } from './guests/test-machine.ts';
export { PooledTestGuest, type PooledGuestSetup } from './guests/pooled-test-guest.ts';
export { TestGuest } from './guests/test-guest.ts';
export type { TestMachineOptions } from './guests/machine-run.ts';
export type { GuestSetup } from './guests/guest-setup.ts';
export type { CommandOptions, Shell, ShellOptions, ShellResult, ShellValue } from './guests/shell.ts';
export { GuestWaits, type CommandWaitOptions, type LineWaitOptions } from './guests/guest-waits.ts';
export { WaitFor, type LogWaitOptions, type PortWaitOptions } from './guests/wait-for.ts';
export type { WaitOptions } from './probes/wait-until.ts';
export type { HttpAnswer, HttpExpectation } from './probes/probe-http.ts';
export type { Pattern } from './probes/probe-pattern.ts';
export { matchers, type MatcherResult } from './matchers.ts';
export { GuestAlarm, type ExpectedAlarm, type GuestAlarmOptions } from './guests/guest-alarm.ts';
export { bundleDirectory, type BundleDirectoryOptions } from './bundle/bundle-directory.ts';
export {
  writeFailureBundle,
  type FailedMachine,
  type FailureBundle,
  type FailureBundleOptions,
  type MissingPart,
} from './bundle/failure-bundle.ts';
export type { CreationOptions as MachineOrigin } from './bundle/reproduce-script.ts';
export { pauseTest, pausesOnFailure, type PauseOptions } from './guests/pause-on-failure.ts';
export { Fault } from './faults/fault.ts';
export { MachineFaults } from './faults/machine-faults.ts';
export { NetworkFaults, type CardOptions, type ShapeOptions } from './faults/network-faults.ts';
export { ClockFaults } from './faults/clock-faults.ts';
export {
  DiskFaults,
  type DiskOptions,
  type FailOptions,
  type FillOptions,
  type SlowOptions,
} from './faults/disk-faults.ts';
export { MemoryFaults, type PressureOptions } from './faults/memory-faults.ts';
