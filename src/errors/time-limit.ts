import { type ErrorDetails, VmletError } from './base/vmlet-error.ts';

/** Something took longer than the caller allowed. */
export class TimedOutError extends VmletError {
  override readonly code = 'VMLET_TIMED_OUT';
  readonly timeoutMs: number;

  constructor(what: string, timeoutMs: number, details: ErrorDetails = {}) {
    super(`${what} did not finish within ${timeoutMs / 1000} s`, details);
    this.timeoutMs = timeoutMs;
  }
}

/** A program that was started lives, and does nothing. */
export class StandstillError extends VmletError {
  override readonly code = 'VMLET_STANDSTILL';
  readonly program: string;

  constructor(program: string, milliseconds: number) {
    super(
      `${program} stands still: it has used no processor and moved no data for ${milliseconds / 1000} s`,
      {
        hint: 'a disk or a network file system that does not answer is the usual reason',
      },
    );
    this.program = program;
  }
}

/** What was waited for in a guest, or from it, did not come in time. */
export class WaitTimedOutError extends VmletError {
  override readonly code = 'VMLET_WAIT_TIMED_OUT';
  /** As in `port 80 to listen in the guest`. */
  readonly awaited: string;
  /** What the last look saw, in words. */
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
      `waited ${(told.elapsedMs / 1000).toFixed(1)} s in vain for ${awaited} (${tries}); last seen: ${told.lastSeen}`,
      details,
    );
    this.awaited = awaited;
    this.lastSeen = told.lastSeen;
    this.attempts = told.attempts;
    this.elapsedMs = told.elapsedMs;
  }
}
