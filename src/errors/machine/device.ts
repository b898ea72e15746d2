import { type ErrorDetails, VmletError } from '../base/vmlet-error.ts';

/** The machine lacks a device that is needed, such as a display. */
export class MissingDeviceError extends VmletError {
  override readonly code = 'VMLET_MISSING_DEVICE';
  readonly device: string;

  constructor(device: string, problem: string, details: ErrorDetails = {}) {
    super(problem, details);
    this.device = device;
  }
}

/** The guest does not use a device that was plugged into it: its kernel has no driver, or does not support it. */
export class GuestPlugError extends VmletError {
  override readonly code = 'VMLET_GUEST_PLUG';
  /** Node name of the disk. */
  readonly device: string;

  constructor(device: string, details: ErrorDetails = {}) {
    super(`cannot add disk "${device}": the guest does not support adding disks while it runs`, {
      hint: 'leave out --disk, or use an image instead of the template: vmlet run --disk … IMAGE',
      ...details,
    });
    this.device = device;
  }
}

/** The guest did not release a device when asked to. The request stays pending: the guest may release it later. */
export class GuestHoldsDeviceError extends VmletError {
  override readonly code = 'VMLET_GUEST_HOLDS_DEVICE';
  /** Node name of the disk, or id of the drive. */
  readonly device: string;

  constructor(device: string, problem: string, details: ErrorDetails = {}) {
    super(problem, details);
    this.device = device;
  }
}
