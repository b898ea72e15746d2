import {
  GuestClosedError,
  GuestSetupError,
  MachineStateError,
  QmpClosedError,
  TimedOutError,
  type VmletError,
} from '../../errors/index.ts';

/**
 * True when asking the guest again may succeed: its agent is busy, or has ended, as in a reboot. The guest's init may also
 * kill the program that looks. That the machine itself has ended is found by its status.
 */
export function isPassingFailure(error: unknown): error is VmletError {
  return (
    error instanceof TimedOutError ||
    error instanceof MachineStateError ||
    error instanceof GuestClosedError ||
    error instanceof QmpClosedError ||
    (error instanceof GuestSetupError && error.exitCode === undefined)
  );
}
