import { type ErrorDetails, VmletError } from './base/vmlet-error.ts';

/** Invalid input of the caller: names the field, its value and the expected one. */
export class InvalidInputError extends VmletError {
  override readonly code = 'VMLET_INVALID_INPUT';
  readonly field: string;

  constructor(field: string, problem: string, details: ErrorDetails = {}) {
    super(`${field}: ${problem}`, details);
    this.field = field;
  }
}

/** The name that the caller gave belongs to something else than when the caller looked at it. */
export class ReplacedError extends VmletError {
  override readonly code = 'VMLET_REPLACED';
}
