import { type ErrorDetails, VmletError } from './base/vmlet-error.ts';

/** The server of `vmlet ui` refuses a request: its address, its credentials, its form or its size. */
export class RequestRefusedError extends VmletError {
  override readonly code = 'VMLET_REQUEST_REFUSED';
  /** Status of the HTTP answer. */
  readonly status: number;

  constructor(status: number, problem: string, details: ErrorDetails = {}) {
    super(problem, details);
    this.status = status;
  }
}
