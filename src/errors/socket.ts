import { type ErrorDetails, VmletError } from './base/vmlet-error.ts';

/** A connection to a socket other than a monitor's failed. */
export class ConnectError extends VmletError {
  override readonly code = 'VMLET_CONNECT';
  readonly path: string;

  constructor(path: string, problem: string, details: ErrorDetails = {}) {
    super(`cannot connect to ${path}: ${problem}`, details);
    this.path = path;
  }
}
