export { TestMachine, type TestMachineOptions } from './test-machine.ts';
export type { CommandOptions, Shell, ShellOptions, ShellResult, ShellValue } from './shell.ts';
export { WaitFor, type LogWaitOptions, type PortWaitOptions } from './wait-for.ts';
export type { WaitOptions } from './wait.ts';
export type { HttpAnswer, HttpExpectation } from './probe-http.ts';
export type { Pattern } from './probe-pattern.ts';
