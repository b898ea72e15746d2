import { type ExitStatus, describeExit } from './base/exit-status.ts';
import { tellingLine } from './base/telling-line.ts';
import { type ErrorDetails, VmletError } from './base/vmlet-error.ts';

/** An error reply to a QMP or guest agent command. `errorClass` is for programs, `description` for people. */
export class QmpRefusedError extends VmletError {
  override readonly code = 'VMLET_QMP_REFUSED';
  readonly command: string;
  /** QEMU's error class: GenericError, CommandNotFound, DeviceNotActive, DeviceNotFound or KVMMissingCap. */
  readonly errorClass: string;
  readonly description: string;

  constructor(command: string, errorClass: string, description: string, details: ErrorDetails = {}) {
    super(`${command} failed: ${description}`, details);
    this.command = command;
    this.errorClass = errorClass;
    this.description = description;
  }
}

/** The connection ended before a command was answered, and the peer is not known to have crashed. */
export class QmpClosedError extends VmletError {
  override readonly code = 'VMLET_QMP_CLOSED';
  readonly what: string;
  /** How the process ended, if known. */
  readonly status: ExitStatus | undefined;

  constructor(what: string, status: ExitStatus | undefined, details: ErrorDetails = {}) {
    const peer = what.startsWith('guest-') ? "QEMU's guest agent" : 'QEMU';
    super(`the connection to ${peer} was closed before ${what} completed`, details);
    this.what = what;
    this.status = status;
  }
}

/** The connection ended because QEMU crashed or was killed. */
export class QmpCrashedError extends VmletError {
  override readonly code = 'VMLET_QMP_CRASHED';
  readonly what: string;
  readonly status: ExitStatus;
  /** QEMU's last lines on stderr, oldest first. */
  readonly stderr: readonly string[];

  constructor(what: string, status: ExitStatus, stderr: readonly string[], details: ErrorDetails = {}) {
    const lastWords = tellingLine(stderr);
    super(
      `QEMU ${describeExit(status)} before ${what} completed${lastWords ? `: ${lastWords}` : ''}`,
      details,
    );
    this.what = what;
    this.status = status;
    this.stderr = stderr;
  }
}

/** The call is not possible in the client's current state. */
export class QmpStateError extends VmletError {
  override readonly code = 'VMLET_QMP_STATE';
}

/** The peer violated the protocol; the connection is closed. */
export class QmpProtocolError extends VmletError {
  override readonly code = 'VMLET_QMP_PROTOCOL';
}

/** The client could not connect to the socket. */
export class QmpConnectError extends VmletError {
  override readonly code = 'VMLET_QMP_CONNECT';
  readonly path: string;

  constructor(path: string, problem: string, details: ErrorDetails = {}) {
    super(`cannot connect to ${path}: ${problem}`, details);
    this.path = path;
  }
}

/** Connected, but the peer sent no greeting: a monitor of QEMU serves one client and keeps the others waiting. */
export class QmpNoGreetingError extends VmletError {
  override readonly code = 'VMLET_QMP_NO_GREETING';
}

/** A block or snapshot job failed. */
export class QmpJobError extends VmletError {
  override readonly code = 'VMLET_QMP_JOB';
  readonly jobId: string;

  constructor(command: string, jobId: string, problem: string, details: ErrorDetails = {}) {
    super(`${command} failed: ${problem}`, details);
    this.jobId = jobId;
  }
}
