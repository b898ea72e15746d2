import { type ErrorDetails, VmletError } from '../base/vmlet-error.ts';

export class MachineNotFoundError extends VmletError {
  override readonly code = 'VMLET_MACHINE_NOT_FOUND';
  readonly machine: string;

  constructor(machine: string, details: ErrorDetails = {}) {
    super(`there is no machine ${machine}`, {
      hint: 'vmlet ls shows the machines that are there',
      ...details,
    });
    this.machine = machine;
  }
}

export class MachineExistsError extends VmletError {
  override readonly code = 'VMLET_MACHINE_EXISTS';
  readonly machine: string;

  constructor(machine: string) {
    super(`there is a machine ${machine} already`, {
      hint: 'choose another name, or remove that one with vmlet rm',
    });
    this.machine = machine;
  }
}

/** Another process changes the machine just now: it starts, stops or removes it, for example. */
export class MachineBusyError extends VmletError {
  override readonly code = 'VMLET_MACHINE_BUSY';
  readonly machine: string;

  constructor(machine: string, holder: string | undefined) {
    super(`${machine} is being changed by another process${holder === undefined ? '' : `: ${holder}`}`, {
      hint: 'try again when that is done',
    });
    this.machine = machine;
  }
}

/** What was asked for is not possible in the state that the machine is in, which `status` names. */
export class MachineStateError extends VmletError {
  override readonly code = 'VMLET_MACHINE_STATE';
  readonly machine: string;
  readonly status: string;

  constructor(machine: string, status: string, problem: string, details: ErrorDetails = {}) {
    super(`${machine} ${problem}`, details);
    this.machine = machine;
    this.status = status;
  }
}

/** A machine's own files cannot be read: what is wrong is in the cause. */
export class BrokenMachineError extends VmletError {
  override readonly code = 'VMLET_BROKEN_MACHINE';
  readonly machine: string;

  constructor(machine: string, problem: string, details: ErrorDetails = {}) {
    super(`${machine} is broken: ${problem}`, {
      hint: `mend the file, or remove the machine: vmlet rm --storage ${machine}`,
      ...details,
    });
    this.machine = machine;
  }
}
