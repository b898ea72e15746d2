import { tellingLine } from '../base/telling-line.ts';
import { type ErrorDetails, VmletError } from '../base/vmlet-error.ts';

/** A step of setting up the guest's system failed. */
export class GuestSetupError extends VmletError {
  override readonly code = 'VMLET_GUEST_SETUP';
  /** Undefined when a signal ended the step. */
  readonly exitCode: number | undefined;
  /** Standard error of the guest's programs. */
  readonly stderr: string;

  constructor(step: string, exitCode: number | undefined, stderr: string, details: ErrorDetails = {}) {
    const status = exitCode === undefined ? '' : ` with status ${exitCode}`;
    const lastWords = tellingLine(stderr);
    super(`${step} failed in the guest${status}${lastWords ? `: ${lastWords}` : ''}`, details);
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

/** A systemd unit cannot reach the expected state: it failed, or the unit or systemd is missing. */
export class GuestUnitError extends VmletError {
  override readonly code = 'VMLET_GUEST_UNIT';
  readonly unit: string;
  /** The unit's last lines in the journal, oldest first; may be empty. */
  readonly journal: readonly string[];

  constructor(unit: string, problem: string, journal: readonly string[] = [], details: ErrorDetails = {}) {
    super(`${unit} ${problem}${journal.length === 0 ? '' : '; journal:'}`, {
      ...details,
      lines: journal,
    });
    this.unit = unit;
    this.journal = journal;
  }
}

/** cloud-init in the guest failed, is not installed, or does not run. */
export class CloudInitError extends VmletError {
  override readonly code = 'VMLET_CLOUD_INIT';
  /** One sentence for each failure; empty when cloud-init did not run. */
  readonly problems: readonly string[];
  /** Last lines of the programs that cloud-init ran, at most 10, oldest first. */
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
