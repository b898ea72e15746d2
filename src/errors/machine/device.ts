import { type ErrorDetails, VmletError } from '../base/vmlet-error.ts';

/** The machine has no device of the kind that is needed, such as a display. */
export class MissingDeviceError extends VmletError {
  override readonly code = 'VMLET_MISSING_DEVICE';
  readonly device: string;

  constructor(device: string, problem: string, details: ErrorDetails = {}) {
    super(problem, details);
    this.device = device;
  }
}

/** The guest did not let go of a device that it was asked for. The request stays: it may let go later. */
export class GuestHoldsDeviceError extends VmletError {
  override readonly code = 'VMLET_GUEST_HOLDS_DEVICE';
  /** The disk's node name, or the drive's id. */
  readonly device: string;

  constructor(device: string, problem: string, details: ErrorDetails = {}) {
    super(problem, details);
    this.device = device;
  }
}
