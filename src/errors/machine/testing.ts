import { type ErrorDetails, VmletError } from '../base/vmlet-error.ts';

/** This machine, its QEMU or its guest does not support a fault. */
export class FaultUnavailableError extends VmletError {
  override readonly code = 'VMLET_FAULT_UNAVAILABLE';
  /** As in `net.shape`. */
  readonly fault: string;

  constructor(fault: string, problem: string, details: ErrorDetails = {}) {
    super(`${fault}: ${problem}`, details);
    this.fault = fault;
  }
}

/** Events that fail any test: messages of the guest's kernel, and a host without space for the guest's disks. */
export type GuestAlarmKind = 'panic' | 'oops' | 'bug' | 'oom-kill' | 'no-space';

/**
 * The guest's kernel panicked, reported a bug or killed a process for lack of memory; or the guest is paused because the
 * host has no space left.
 */
export class GuestAlarmError extends VmletError {
  override readonly code = 'VMLET_GUEST_ALARM';
  readonly machine: string;
  readonly kind: GuestAlarmKind;

  /** @param lines lines of the console that report it, oldest first; empty when the console shows nothing. */
  constructor(machine: string, kind: GuestAlarmKind, lines: readonly string[], details: ErrorDetails = {}) {
    const said = lines.length === 0 ? '; the console shows no message about it' : ':';
    super(`${machine}: ${ALARMS[kind]}${said}`, { ...details, lines });
    this.machine = machine;
    this.kind = kind;
  }
}

const ALARMS: Readonly<Record<GuestAlarmKind, string>> = {
  panic: "the guest's kernel panicked",
  oops: "the guest's kernel reported an oops",
  bug: "the guest's kernel reported a bug",
  'oom-kill': 'the guest ran out of memory, and its kernel killed a process',
  'no-space': 'the guest is paused, because the host has no space left for its disks',
};
