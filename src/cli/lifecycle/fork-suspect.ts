import { GuestClosedError, MachineEndedError, TimedOutError } from '../../errors/index.ts';

/** How a machine ends that has run into a defect. A guest that powers off, or a lost directory, needs no other reason. */
const DEFECTS = ['panic', 'watchdog', 'reboot', 'qemu-crash', 'accelerator-failure'];

/**
 * Whether a command may have failed because its guest was forked: the guest crashed, or no longer answers. --timeout is not
 * among the errors: it aborts the command.
 */
export function isForkSuspect(error: unknown): boolean {
  if (error instanceof MachineEndedError) return DEFECTS.includes(error.outcome.kind);
  return error instanceof GuestClosedError || error instanceof TimedOutError;
}
