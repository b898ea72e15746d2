import { type ErrorDetails, VmletError } from './base/vmlet-error.ts';

export class NoSpaceError extends VmletError {
  override readonly code = 'VMLET_NO_SPACE';
}

export class PermissionError extends VmletError {
  override readonly code = 'VMLET_PERMISSION';
}

/** Not Linux, or not x86-64: the programs in the package are for no other. */
export class UnsupportedHostError extends VmletError {
  override readonly code = 'VMLET_UNSUPPORTED_HOST';
  /** As in `process.platform` and `process.arch`. */
  readonly platform: string;
  readonly architecture: string;

  constructor(platform: string, architecture: string, refusal: string) {
    super(refusal);
    this.platform = platform;
    this.architecture = architecture;
  }
}

/** An accelerator was asked for that cannot run guests here; `reason` says why on one line. */
export class AcceleratorUnavailableError extends VmletError {
  override readonly code = 'VMLET_ACCEL_UNAVAILABLE';
  readonly accelerator: string;
  readonly reason: string;

  constructor(accelerator: string, reason: string, details: ErrorDetails = {}) {
    super(`${accelerator.toUpperCase()} is not usable: ${reason}`, details);
    this.accelerator = accelerator;
    this.reason = reason;
  }
}

/** QEMU is there and does not start, not even without a guest. */
export class BrokenQemuError extends VmletError {
  override readonly code = 'VMLET_BROKEN_QEMU';
  /** The last line that it printed; may be empty. */
  readonly lastWords: string;

  constructor(path: string, lastWords: string) {
    super(`${path} does not start${lastWords === '' ? '' : `: ${lastWords}`}`, {
      hint: 'install QEMU anew; vmlet doctor tells whether it starts then',
    });
    this.lastWords = lastWords;
  }
}

/** The host describes no firmware of the kind that was asked for. */
export class FirmwareNotFoundError extends VmletError {
  override readonly code = 'VMLET_FIRMWARE_NOT_FOUND';
}

/** The user's own systemd does not take orders, so that no unit can be enabled. */
export class UserManagerUnavailableError extends VmletError {
  override readonly code = 'VMLET_NO_USER_MANAGER';
  /** What `systemctl --user is-system-running` said, or `not installed`. */
  readonly state: string;

  constructor(state: string) {
    super(`systemd does not run for this user: ${state}`, {
      hint: 'systemctl --user needs a login by ssh or on a console, and XDG_RUNTIME_DIR of that login',
    });
    this.state = state;
  }
}
