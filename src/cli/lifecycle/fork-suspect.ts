import type { Outcome } from '../../index.ts';
import { GuestClosedError, MachineEndedError, TimedOutError } from '../../errors/index.ts';

/** How a machine ends when its guest or QEMU crashes. The other ends have reasons of their own. */
const CRASHES: readonly string[] = [
  'panic',
  'watchdog',
  'qemu-crash',
  'accelerator-failure',
] satisfies Outcome['kind'][];

/**
 * Whether a command may have failed because its guest was forked: the guest crashed, or no longer answers. --timeout is not
 * among the errors: it aborts the command.
 */
export function isForkSuspect(error: unknown): boolean {
  if (error instanceof MachineEndedError) return CRASHES.includes(error.outcome.kind);
  return error instanceof GuestClosedError || error instanceof TimedOutError;
}
