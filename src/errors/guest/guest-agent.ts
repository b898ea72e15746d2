import { type ErrorDetails, VmletError } from '../base/vmlet-error.ts';

/** The hint where a guest lacks vmlet's agent. */
export const INSTALL_AGENT = "install vmlet's agent in the guest (docs/images.md#install-the-agent)";

/** A file in the guest could not be read or written. */
export class GuestFileError extends VmletError {
  override readonly code = 'VMLET_GUEST_FILE';
  readonly path: string;
  /** Name of the guest's errno, such as EACCES. */
  readonly errno: string;

  constructor(path: string, errno: string, problem: string, details: ErrorDetails = {}) {
    super(`${path} in the guest: ${problem}`, details);
    this.path = path;
    this.errno = errno;
  }
}

/** The guest rejected a request that is neither a command nor a file: a module, an address, the clock, power. */
export class GuestRequestError extends VmletError {
  override readonly code = 'VMLET_GUEST_REQUEST';
  /** A module, an IP address or a MAC address; undefined when the whole request was rejected. */
  readonly subject: string | undefined;
  readonly errno: string;

  constructor(subject: string | undefined, errno: string, problem: string, details: ErrorDetails = {}) {
    super(problem, details);
    this.subject = subject;
    this.errno = errno;
  }
}

/** The guest cannot mount a directory, a volume or tmpfs. */
export class GuestMountError extends VmletError {
  override readonly code = 'VMLET_GUEST_MOUNT';
  /** Its path in the guest. */
  readonly target: string;
  readonly errno: string;
  /** The cause, as the message has it. */
  readonly problem: string;

  constructor(target: string, errno: string, problem: string, details: ErrorDetails = {}) {
    super(`cannot mount ${target}: ${problem}`, details);
    this.target = target;
    this.errno = errno;
    this.problem = problem;
  }
}

/** The agent and this library do not understand each other. The session has ended. */
export class GuestProtocolError extends VmletError {
  override readonly code = 'VMLET_GUEST_PROTOCOL';

  constructor(problem: string, details: ErrorDetails = {}) {
    super(problem, {
      hint: 'try again; if the error persists, update vmlet on the host and vmlet-agent in the guest',
      ...details,
    });
  }
}

/** The connection to the guest's agent was lost, or the agent restarted; commands that ran over it are lost. */
export class GuestClosedError extends VmletError {
  override readonly code = 'VMLET_GUEST_CLOSED';
}
