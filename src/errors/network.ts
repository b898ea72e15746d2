import { type ErrorDetails, VmletError } from './base/vmlet-error.ts';

/** Who holds a port, as far as /proc tells this user. */
export interface PortOwner {
  readonly pid: number;
  /** The short name of its program. */
  readonly command: string;
}

/** A host port that was asked for, or chosen a moment ago, is in use. */
export class PortTakenError extends VmletError {
  override readonly code = 'VMLET_PORT_TAKEN';
  /** `address:port/protocol` as a user writes it. */
  readonly endpoint: string;
  /** vmlet chose this port itself and lost it to somebody before it was used: the caller can choose again. */
  readonly ephemeral: boolean;
  readonly owner: PortOwner | undefined;

  constructor(
    endpoint: string,
    ephemeral: boolean,
    owner: PortOwner | undefined,
    details: ErrorDetails = {},
  ) {
    super(
      `${endpoint} on this host is taken${owner ? ` by ${owner.command} (pid ${owner.pid})` : ''}`,
      details,
    );
    this.endpoint = endpoint;
    this.ephemeral = ephemeral;
    this.owner = owner;
  }
}

/** The network's helper could not start, or did not come up. */
export class NetworkStartError extends VmletError {
  override readonly code = 'VMLET_NETWORK_START';
  /** The last lines that the helper printed. */
  readonly stderr: readonly string[];

  constructor(problem: string, stderr: readonly string[], details: ErrorDetails = {}) {
    const lastWords = stderr.at(-1);
    super(`${problem}${lastWords ? `: ${lastWords}` : ''}`, details);
    this.stderr = stderr;
  }
}
