import { type ErrorDetails, VmletError } from './base/vmlet-error.ts';

/** An operation took longer than the caller allowed. */
export class TimedOutError extends VmletError {
  override readonly code = 'VMLET_TIMED_OUT';
  readonly timeoutMs: number;

  constructor(what: string, timeoutMs: number, details: ErrorDetails = {}) {
    const limit = `timed out after ${timeoutMs / 1000} s`;
    super(what.startsWith('waiting for ') ? `${limit} ${what}` : `${what} ${limit}`, details);
    this.timeoutMs = timeoutMs;
  }
}

/** A program that vmlet started is alive, but makes no progress. */
export class StandstillError extends VmletError {
  override readonly code = 'VMLET_STANDSTILL';
  readonly program: string;

  constructor(program: string, milliseconds: number) {
    super(
      `vmlet killed ${program}, because it made no progress for ${milliseconds / 1000} s (no CPU time used, no data read or written)`,
      {
        hint: 'check that the disks and network file systems of the host respond, then try again',
      },
    );
    this.program = program;
  }
}

/** A condition in a guest, or an event from it, did not occur in time. */
export class WaitTimedOutError extends VmletError {
  override readonly code = 'VMLET_WAIT_TIMED_OUT';
  /** Such as `port 80 to listen in the guest`. */
  readonly awaited: string;
  /** Description of the last observation. */
  readonly lastSeen: string;
  readonly attempts: number;
  readonly elapsedMs: number;

  constructor(
    awaited: string,
    told: { readonly lastSeen: string; readonly attempts: number; readonly elapsedMs: number },
    details: ErrorDetails = {},
  ) {
    const tries = `${told.attempts} ${told.attempts === 1 ? 'try' : 'tries'}`;
    super(
      `timed out after ${(told.elapsedMs / 1000).toFixed(1)} s waiting for ${awaited} (${tries}); last seen: ${told.lastSeen}`,
      details,
    );
    this.awaited = awaited;
    this.lastSeen = told.lastSeen;
    this.attempts = told.attempts;
    this.elapsedMs = told.elapsedMs;
  }
}
