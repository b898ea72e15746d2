import { type ErrorDetails, VmletError } from '../base/vmlet-error.ts';

/** A step of setting up the system in the guest failed there. */
export class GuestSetupError extends VmletError {
  override readonly code = 'VMLET_GUEST_SETUP';
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined;
  /** What the guest's programs said. */
  readonly stderr: string;

  constructor(step: string, exitCode: number | undefined, stderr: string, details: ErrorDetails = {}) {
    const status = exitCode === undefined ? '' : ` with status ${exitCode}`;
    const lastWords = stderr.trim().split('\n').at(-1);
    super(`${step} failed in the guest${status}${lastWords ? `: ${lastWords}` : ''}`, details);
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

/** A systemd unit of the guest will not become what was waited for: it failed, or there is no such unit or systemd. */
export class GuestUnitError extends VmletError {
  override readonly code = 'VMLET_GUEST_UNIT';
  readonly unit: string;
  /** The unit's last lines in the journal, oldest first; empty where there are none. */
  readonly journal: readonly string[];

  constructor(unit: string, problem: string, journal: readonly string[] = [], details: ErrorDetails = {}) {
    super(`${unit} ${problem}${journal.length === 0 ? '' : '; its journal:'}`, {
      ...details,
      lines: journal,
    });
    this.unit = unit;
    this.journal = journal;
  }
}

/** In the guest, cloud-init has not done what it was told; or it is not there, or does not run, and cannot. */
export class CloudInitError extends VmletError {
  override readonly code = 'VMLET_CLOUD_INIT';
  /** What failed, one sentence each; empty where it did not run. */
  readonly problems: readonly string[];
  /** What the programs that it ran printed last, at most 10 lines, oldest first. */
  readonly output: readonly string[];

  constructor(
    problem: string,
    told: { readonly problems: readonly string[]; readonly output: readonly string[] },
    details: ErrorDetails = {},
  ) {
    super(problem, details);
    this.problems = told.problems;
    this.output = told.output;
  }
}
