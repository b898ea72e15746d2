import { type ErrorDetails, VmletError } from '../base/vmlet-error.ts';

/** No machine has this name. */
export class MachineNotFoundError extends VmletError {
  override readonly code = 'VMLET_MACHINE_NOT_FOUND';
  readonly machine: string;

  constructor(machine: string, details: ErrorDetails = {}) {
    super(`no such machine: ${machine}`, {
      hint: 'list machines with: vmlet ls',
      ...details,
    });
    this.machine = machine;
  }
}

/** The name of a new machine is taken. */
export class MachineExistsError extends VmletError {
  override readonly code = 'VMLET_MACHINE_EXISTS';
  readonly machine: string;

  constructor(machine: string) {
    super(`machine "${machine}" already exists`, {
      hint: `choose another name, or look at the existing machine: vmlet inspect ${machine}`,
    });
    this.machine = machine;
  }
}

/** Another process is changing the machine: starting, stopping or removing it, for example. */
export class MachineBusyError extends VmletError {
  override readonly code = 'VMLET_MACHINE_BUSY';
  readonly machine: string;

  constructor(machine: string, holder: string | undefined) {
    super(`machine "${machine}" is busy: ${holder ?? 'another process is working on it'}`, {
      hint: 'try again when that process has finished',
    });
    this.machine = machine;
  }
}

/** The request is not possible in the machine's current state, `status`. */
export class MachineStateError extends VmletError {
  override readonly code = 'VMLET_MACHINE_STATE';
  readonly machine: string;
  readonly status: string;

  constructor(machine: string, status: string, problem: string, details: ErrorDetails = {}) {
    super(`machine "${machine}" ${problem}`, details);
    this.machine = machine;
    this.status = status;
  }
}

/** The guest runs, has an agent, and has no ssh server. */
export class NoSshServerError extends MachineStateError {
  constructor(machine: string, details: ErrorDetails = {}) {
    super(machine, 'running', 'has no ssh server in its guest', {
      hint: `open a shell through the agent instead: vmlet shell ${machine}; or use an image with an ssh server, such as debian:13`,
      ...details,
    });
  }
}

/** A machine's own files cannot be read; the cause says why. */
export class BrokenMachineError extends VmletError {
  override readonly code = 'VMLET_BROKEN_MACHINE';
  readonly machine: string;

  constructor(machine: string, problem: string, details: ErrorDetails = {}) {
    super(`machine "${machine}" is broken: ${problem}`, {
      hint: `repair this file, or restore it from a backup; or remove the machine and its disks: vmlet rm --storage ${machine}`,
      ...details,
    });
    this.machine = machine;
  }
}
