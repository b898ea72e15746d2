import { type ErrorDetails, VmletError } from './base/vmlet-error.ts';

/** The process that holds a port, if /proc shows it to this user. */
export interface PortOwner {
  readonly pid: number;
  /** Short name of its program. */
  readonly command: string;
}

/** A host port, requested or just chosen, is in use. */
export class PortTakenError extends VmletError {
  override readonly code = 'VMLET_PORT_TAKEN';
  /** `address:port/protocol`, as a user writes it. */
  readonly endpoint: string;
  /** True when vmlet chose the port itself and another process took it first: the caller can choose again. */
  readonly ephemeral: boolean;
  readonly owner: PortOwner | undefined;

  constructor(
    endpoint: string,
    ephemeral: boolean,
    owner: PortOwner | undefined,
    details: ErrorDetails = {},
  ) {
    super(
      `host port ${endpoint} is in use${owner ? ` by ${owner.command} (pid ${owner.pid})` : ''}`,
      details,
    );
    this.endpoint = endpoint;
    this.ephemeral = ephemeral;
    this.owner = owner;
  }
}

/** The network helper could not start, or did not become ready. */
export class NetworkStartError extends VmletError {
  override readonly code = 'VMLET_NETWORK_START';
  /** Last lines of the helper's output. */
  readonly stderr: readonly string[];

  constructor(problem: string, stderr: readonly string[], details: ErrorDetails = {}) {
    const lastWords = stderr.at(-1);
    super(`${problem}${lastWords ? `: ${lastWords}` : ''}`, details);
    this.stderr = stderr;
  }
}
