import { type ErrorDetails, VmletError } from './base/vmlet-error.ts';

const FREE_SPACE = 'free some space; to see what vmlet uses, run: vmlet system df';

/** A file system has no space left, or a file would exceed a size limit. */
export class NoSpaceError extends VmletError {
  override readonly code = 'VMLET_NO_SPACE';

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { ...details, hint: details.hint ?? FREE_SPACE });
  }
}

/** This user may not access a file or a device. */
export class PermissionError extends VmletError {
  override readonly code = 'VMLET_PERMISSION';
}

/** The host is not Linux on x86-64, the only one that the programs in the package run on. */
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

/** The requested accelerator cannot run guests here; `reason` explains it on one line. */
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

/** QEMU is installed but does not start or answer, not even without a guest. */
export class BrokenQemuError extends VmletError {
  override readonly code = 'VMLET_BROKEN_QEMU';
  /** The last line of its output, or the invalid answer; may be empty. */
  readonly lastWords: string;

  constructor(path: string, lastWords: string) {
    super(`${path} does not work${lastWords === '' ? '' : `: ${lastWords}`}`, {
      hint: 'reinstall QEMU, then check it with: vmlet doctor',
    });
    this.lastWords = lastWords;
  }
}

/** This host cannot share directories with guests; `reason` explains it on one line. */
export class SharesUnavailableError extends VmletError {
  override readonly code = 'VMLET_SHARES_UNAVAILABLE';
  readonly reason: string;

  constructor(reason: string, details: ErrorDetails = {}) {
    super(`this host cannot share directories: ${reason}`, details);
    this.reason = reason;
  }
}

/** The host has no firmware of the requested kind. */
export class FirmwareNotFoundError extends VmletError {
  override readonly code = 'VMLET_FIRMWARE_NOT_FOUND';
}

/** The systemd user manager does not answer, so no unit can be enabled. */
export class UserManagerUnavailableError extends VmletError {
  override readonly code = 'VMLET_NO_USER_MANAGER';
  /** Output of `systemctl --user is-system-running`, or `not installed`. */
  readonly state: string;

  constructor(state: string) {
    const isMissing = state === 'not installed';
    super(
      `the systemd user manager is not running: ${isMissing ? 'systemctl is not installed' : `its state is ${state}`}`,
      {
        hint: isMissing
          ? 'install systemd, or configure another service manager to start the machine with the command: vmlet start NAME'
          : 'log in by ssh or on a console (su and sudo do not start the user manager), and do not change XDG_RUNTIME_DIR',
      },
    );
    this.state = state;
  }
}
