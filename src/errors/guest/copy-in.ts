import { type ErrorDetails, VmletError } from '../base/vmlet-error.ts';

/** The guest could not take its copy of a directory of the host: it lacks space, or a program. */
export class CopyInError extends VmletError {
  override readonly code = 'VMLET_COPY_IN';
  /** The directory on the host. */
  readonly source: string;

  constructor(source: string, problem: string, details: ErrorDetails = {}) {
    super(`cannot copy ${source} into the guest: ${problem}`, details);
    this.source = source;
  }
}
