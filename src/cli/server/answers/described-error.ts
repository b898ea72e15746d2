import {
  GuestCommandError,
  GuestFileError,
  ImageRefusedError,
  InvalidInputError,
  RequestRefusedError,
  TimedOutError,
  VmletError,
  isSystemError,
  sentenceOf,
} from '../../../errors/index.ts';
import { describeSystemError, firstFailure } from '../../output/report-error.ts';

/** An error as the command would print it. */
export interface DescribedError {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly lines?: readonly string[];
  /** The option with an invalid value, which the message begins with. */
  readonly field?: string;
}

const NOT_FOUND = [
  'VMLET_MACHINE_NOT_FOUND',
  'VMLET_IMAGE_NOT_FOUND',
  'VMLET_TEMPLATE_NOT_FOUND',
  'VMLET_NETWORK_NOT_FOUND',
  'VMLET_VOLUME_NOT_FOUND',
  'VMLET_MISSING_DEVICE',
];
const CONFLICT = [
  'VMLET_MACHINE_EXISTS',
  'VMLET_MACHINE_BUSY',
  'VMLET_MACHINE_STATE',
  'VMLET_MACHINE_ENDED',
  'VMLET_PORT_TAKEN',
  'VMLET_IMAGE_IN_USE',
  'VMLET_IMAGE_LOCKED',
  'VMLET_TEMPLATE_IN_USE',
  'VMLET_NETWORK_EXISTS',
  'VMLET_NETWORK_IN_USE',
  'VMLET_GUEST_HOLDS_DEVICE',
  'VMLET_VOLUME_EXISTS',
  'VMLET_VOLUME_IN_USE',
  'VMLET_REPLACED',
];
const INVALID = ['VMLET_INVALID_INPUT', 'VMLET_IMAGE_REFUSED'];

/** True for a defect of vmlet: an error that it did not throw on purpose. */
export function isDefect(thrown: unknown): boolean {
  const error = firstFailure(thrown);
  return !(error instanceof VmletError) && !isSystemError(error);
}

export function statusOf(thrown: unknown): number {
  const error = firstFailure(thrown);
  if (error instanceof RequestRefusedError) return error.status;
  if (error instanceof TimedOutError) return 504;
  if (error instanceof GuestFileError || error instanceof GuestCommandError) {
    return error.errno === 'ENOENT' ? 404 : 409;
  }
  if (!(error instanceof VmletError)) return 500;
  if (NOT_FOUND.includes(error.code)) return 404;
  if (CONFLICT.includes(error.code)) return 409;
  return INVALID.includes(error.code) ? 400 : 500;
}

export function describeError(thrown: unknown): DescribedError {
  const error = firstFailure(thrown);
  if (error instanceof VmletError) {
    const { code, hint, lines } = error;
    return {
      code,
      message: sentenceOf(error),
      ...(hint !== undefined && { hint }),
      ...(lines.length > 0 && { lines }),
      ...((error instanceof InvalidInputError || error instanceof ImageRefusedError) && {
        field: error.field,
      }),
    };
  }
  if (isSystemError(error)) return { code: 'VMLET_SYSTEM', message: describeSystemError(error) };
  return {
    code: 'VMLET_INTERNAL',
    message: 'internal error; for the cause, see the terminal where vmlet ui runs',
  };
}
