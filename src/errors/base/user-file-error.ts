import { type ErrorDetails, VmletError } from './vmlet-error.ts';

/** A file that the user edits is invalid. */
export abstract class UserFileError extends VmletError {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** As in `images.web:1.url`; empty when the file is not YAML. */
  readonly field: string;

  constructor(file: string, line: number, field: string, problem: string, details: ErrorDetails = {}) {
    super(`${file}:${line}: ${field === '' ? '' : `${field}: `}${problem}`, details);
    this.file = file;
    this.line = line;
    this.field = field;
  }
}
