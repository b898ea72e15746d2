import { type ErrorDetails, VmletError } from '../base/vmlet-error.ts';

/** Files of a guest that could not be put in their place on the host. */
export class CopyBackError extends VmletError {
  override readonly code = 'VMLET_COPY_BACK';
  /** Directories of the host with the files that are not in their place. */
  readonly kept: readonly string[];

  constructor(message: string, kept: readonly string[], details: ErrorDetails = {}) {
    super(message, details);
    this.kept = kept;
  }
}
