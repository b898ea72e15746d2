import { type ErrorDetails, VmletError } from '../base/vmlet-error.ts';

/** A file in the guest could not be read or written. */
export class GuestFileError extends VmletError {
  override readonly code = 'VMLET_GUEST_FILE';
  readonly path: string;
  /** The name of the guest's error number, such as EACCES. */
  readonly errno: string;

  constructor(path: string, errno: string, problem: string, details: ErrorDetails = {}) {
    super(`${path} in the guest: ${problem}`, details);
    this.path = path;
    this.errno = errno;
  }
}

/** The guest refused something other than a command or a file: a module, an address, the clock, power. */
export class GuestRequestError extends VmletError {
  override readonly code = 'VMLET_GUEST_REQUEST';
  /** What it was about: a module's name, an address, a hardware address; undefined for the request as a whole. */
  readonly subject: string | undefined;
  readonly errno: string;

  constructor(subject: string | undefined, errno: string, problem: string, details: ErrorDetails = {}) {
    super(`the guest refused ${subject ?? 'the request'}: ${problem}`, details);
    this.subject = subject;
    this.errno = errno;
  }
}

/** The agent and this library do not understand each other. The session is over. */
export class GuestProtocolError extends VmletError {
  override readonly code = 'VMLET_GUEST_PROTOCOL';
}

/** The connection to the guest's agent is gone, or the agent started anew; what ran over it is lost. */
export class GuestClosedError extends VmletError {
  override readonly code = 'VMLET_GUEST_CLOSED';
}
