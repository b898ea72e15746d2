import { type ErrorDetails, VmletError } from './base/vmlet-error.ts';

/** Something the caller wrote is wrong: names the field, what it held and what would be right. */
export class InvalidInputError extends VmletError {
  override readonly code = 'VMLET_INVALID_INPUT';
  readonly field: string;

  constructor(field: string, problem: string, details: ErrorDetails = {}) {
    super(`${field}: ${problem}`, details);
    this.field = field;
  }
}
