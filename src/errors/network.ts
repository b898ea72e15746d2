import { type ErrorDetails, VmletError } from './base/vmlet-error.ts';

/** The process that holds a port, if /proc shows it to this user. */
export interface PortOwner {
  readonly pid: number;
  /** Short name of its program. */
  readonly command: string;
  /** The named machine that it belongs to, such as `web`. */
  readonly machine?: string | undefined;
}

function describeOwner({ pid, command, machine }: PortOwner): string {
  return machine === undefined ? `${command} (pid ${pid})` : `machine "${machine}" (${command}, pid ${pid})`;
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
    details: ErrorDetails & { readonly problem?: string } = {},
  ) {
    super(
      details.problem ?? `host port ${endpoint} is in use${owner ? ` by ${describeOwner(owner)}` : ''}`,
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

/** No private network has this name. */
export class NetworkNotFoundError extends VmletError {
  override readonly code = 'VMLET_NETWORK_NOT_FOUND';
  readonly network: string;

  constructor(network: string, details: ErrorDetails = {}) {
    super(`no such network: ${network}`, { hint: 'list networks with: vmlet network ls', ...details });
    this.network = network;
  }
}

/** The name of a new private network is taken. */
export class NetworkExistsError extends VmletError {
  override readonly code = 'VMLET_NETWORK_EXISTS';
  readonly network: string;

  constructor(network: string) {
    super(`network "${network}" already exists`, {
      hint: `choose another name, or look at the existing network: vmlet network inspect ${network}`,
    });
    this.network = network;
  }
}

/** A private network cannot be removed while machines are in it. */
export class NetworkInUseError extends VmletError {
  override readonly code = 'VMLET_NETWORK_IN_USE';
  readonly network: string;
  /** Names of the machines. */
  readonly users: readonly string[];

  constructor(network: string, users: readonly string[], details: ErrorDetails = {}) {
    super(`network "${network}" is in use by ${users.join(', ')}`, details);
    this.network = network;
    this.users = users;
  }
}

/** The switch of a private network did not do what was asked. `reason` is its own code, such as `table`. */
export class SwitchRequestError extends VmletError {
  override readonly code = 'VMLET_SWITCH_REQUEST';
  readonly network: string;
  readonly reason: string;

  constructor(network: string, reason: string, problem: string, details: ErrorDetails = {}) {
    super(`the virtual switch of network "${network}" ${problem}`, details);
    this.network = network;
    this.reason = reason;
  }
}
