export { useMachine, useNetwork, type RunnerContext } from './use-machine.ts';
export { TestMachine, type TestMachineOptions } from './test-machine.ts';
export type { GuestSetup } from './guest-setup.ts';
export type { CommandOptions, Shell, ShellOptions, ShellResult, ShellValue } from './shell.ts';
export { WaitFor, type LogWaitOptions, type PortWaitOptions } from './wait-for.ts';
export type { WaitOptions } from './wait.ts';
export type { HttpAnswer, HttpExpectation } from './probe-http.ts';
export type { Pattern } from './probe-pattern.ts';
export { matchers, type MatcherResult } from './matchers.ts';
export { GuestAlarm, type ExpectedAlarm, type GuestAlarmOptions } from './guest-alarm.ts';
export { bundleDirectory, type BundleDirectoryOptions } from './bundle-directory.ts';
export {
  writeFailureBundle,
  type FailedMachine,
  type FailureBundle,
  type FailureBundleOptions,
  type MissingPart,
} from './failure-bundle.ts';
export type { MachineOrigin } from './reproduce-script.ts';
export { pauseTest, pausesOnFailure, type PauseOptions } from './pause-on-failure.ts';
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
