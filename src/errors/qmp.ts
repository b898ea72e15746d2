import { type ExitStatus, describeExit } from './base/exit-status.ts';
import { tellingLine } from './base/telling-line.ts';
import { type ErrorDetails, VmletError } from './base/vmlet-error.ts';

/** A QMP or guest agent command got an error reply. `errorClass` is for programs, `description` for people. */
export class QmpRefusedError extends VmletError {
  override readonly code = 'VMLET_QMP_REFUSED';
  readonly command: string;
  /** QEMU's error class: GenericError, CommandNotFound, DeviceNotActive, DeviceNotFound or KVMMissingCap. */
  readonly errorClass: string;
  readonly description: string;

  constructor(command: string, errorClass: string, description: string, details: ErrorDetails = {}) {
    super(`${command} was refused: ${description}`, details);
    this.command = command;
    this.errorClass = errorClass;
    this.description = description;
  }
}

/** The connection ended before the command was answered, and the peer is not known to have crashed. */
export class QmpClosedError extends VmletError {
  override readonly code = 'VMLET_QMP_CLOSED';
  readonly what: string;
  /** How the process ended, where that is known. */
  readonly status: ExitStatus | undefined;

  constructor(what: string, status: ExitStatus | undefined, details: ErrorDetails = {}) {
    super(`the connection ended before ${what} was done`, details);
    this.what = what;
    this.status = status;
  }
}

/** The connection ended because QEMU died. */
export class QmpCrashedError extends VmletError {
  override readonly code = 'VMLET_QMP_CRASHED';
  readonly what: string;
  readonly status: ExitStatus;
  /** The last lines QEMU printed on stderr, oldest first. */
  readonly stderr: readonly string[];

  constructor(what: string, status: ExitStatus, stderr: readonly string[], details: ErrorDetails = {}) {
    const lastWords = tellingLine(stderr);
    super(
      `QEMU ${describeExit(status)} before ${what} was done${lastWords ? `: ${lastWords}` : ''}`,
      details,
    );
    this.what = what;
    this.status = status;
    this.stderr = stderr;
  }
}

/** The call is not possible in the state that the client is in. */
export class QmpStateError extends VmletError {
  override readonly code = 'VMLET_QMP_STATE';
}

/** The peer sent what the protocol does not allow; the connection is given up. */
export class QmpProtocolError extends VmletError {
  override readonly code = 'VMLET_QMP_PROTOCOL';
}

/** The socket could not be connected. */
export class QmpConnectError extends VmletError {
  override readonly code = 'VMLET_QMP_CONNECT';
  readonly path: string;

  constructor(path: string, problem: string, details: ErrorDetails = {}) {
    super(`cannot connect to ${path}: ${problem}`, details);
    this.path = path;
  }
}

/** Connected, but the peer sent no greeting: QEMU serves one client a monitor and lets the others wait. */
export class QmpNoGreetingError extends VmletError {
  override readonly code = 'VMLET_QMP_NO_GREETING';
}

/** A block or snapshot job concluded with an error. */
export class QmpJobError extends VmletError {
  override readonly code = 'VMLET_QMP_JOB';
  readonly jobId: string;

  constructor(command: string, jobId: string, problem: string, details: ErrorDetails = {}) {
    super(`${command} failed: ${problem}`, details);
    this.jobId = jobId;
  }
}
