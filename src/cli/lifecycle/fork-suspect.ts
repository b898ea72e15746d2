import { GuestClosedError, MachineEndedError, TimedOutError } from '../../errors/index.ts';

/**
 * Whether a command may have failed because its guest was forked: the guest ended, or no longer answers. --timeout is not
 * among the errors: it aborts the command.
 */
export function isForkSuspect(error: unknown): boolean {
  return [MachineEndedError, GuestClosedError, TimedOutError].some((kind) => error instanceof kind);
}
