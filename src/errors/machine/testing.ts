import { type ErrorDetails, VmletError } from '../base/vmlet-error.ts';

/** A fault that this machine, its QEMU or its guest cannot be given. */
export class FaultUnavailableError extends VmletError {
  override readonly code = 'VMLET_FAULT_UNAVAILABLE';
  /** As in `net.shape`. */
  readonly fault: string;

  constructor(fault: string, problem: string, details: ErrorDetails = {}) {
    super(`${fault}: ${problem}`, details);
    this.fault = fault;
  }
}

/** What fails a test whatever else the test looks at: words of the guest's kernel, and a host without space for its disks. */
export type GuestAlarmKind = 'panic' | 'oops' | 'bug' | 'oom-kill' | 'no-space';

/**
 * The guest's kernel panicked, found itself broken, or killed a process for lack of memory; or the guest stands still for
 * lack of space on the host.
 */
export class GuestAlarmError extends VmletError {
  override readonly code = 'VMLET_GUEST_ALARM';
  readonly machine: string;
  readonly kind: GuestAlarmKind;

  /** @param lines the console's that say so, oldest first; empty where it got to say nothing. */
  constructor(machine: string, kind: GuestAlarmKind, lines: readonly string[], details: ErrorDetails = {}) {
    const said = lines.length === 0 ? ', and nothing of it is on the console' : ':';
    super(`${machine}: ${ALARMS[kind]}${said}`, { ...details, lines });
    this.machine = machine;
    this.kind = kind;
  }
}

const ALARMS: Readonly<Record<GuestAlarmKind, string>> = {
  panic: "the guest's kernel panicked",
  oops: "the guest's kernel did what no kernel may (an oops)",
  bug: "the guest's kernel found a bug in itself",
  'oom-kill': 'the guest ran out of memory, and its kernel killed a process',
  'no-space': 'the guest stands still',
};
