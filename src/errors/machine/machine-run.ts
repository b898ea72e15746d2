import { type ExitStatus, describeExit } from '../base/exit-status.ts';
import { type ErrorDetails, VmletError } from '../base/vmlet-error.ts';

/**
 * The machine did not get ready. `qemuOutput` and `consoleOutput` are the last lines of what QEMU and the guest
 * printed, at most 40 and 20, oldest first.
 */
export class LaunchError extends VmletError {
  override readonly code = 'VMLET_LAUNCH_FAILED';
  readonly qemuOutput: readonly string[];
  readonly consoleOutput: readonly string[];

  constructor(
    problem: string,
    output: { readonly qemu: readonly string[]; readonly console: readonly string[] },
    details: ErrorDetails = {},
  ) {
    super(problem, details);
    this.qemuOutput = output.qemu;
    this.consoleOutput = output.console;
  }
}

/** The machine is gone, so that what was asked of it cannot be done. `outcome` says how it ended, in its `kind`. */
export class MachineEndedError extends VmletError {
  override readonly code = 'VMLET_MACHINE_ENDED';
  readonly outcome: { readonly kind: string };

  constructor(description: string, outcome: { readonly kind: string }, details: ErrorDetails = {}) {
    super(`the machine has ended: ${description}`, details);
    this.outcome = outcome;
  }
}

/** The keeper of a machine is gone, or gave up, before the machine came as far as was waited for. */
export class KeeperEndedError extends VmletError {
  override readonly code = 'VMLET_KEEPER_ENDED';
  /** Another keeper holds the machine's lock; this one touched nothing. */
  readonly busy: boolean;
  /** What the keeper said that it could not do. */
  readonly reason: string | undefined;
  /** How QEMU ended, when it was started at all. */
  readonly status: ExitStatus | undefined;
  /** The kinds of its reports, in order. */
  readonly reports: readonly string[];

  constructor(
    told: {
      readonly busy: boolean;
      readonly reason?: string | undefined;
      readonly status?: ExitStatus | undefined;
    },
    reports: readonly string[],
    details: ErrorDetails = {},
  ) {
    super(describeKeeperEnd(told), details);
    this.busy = told.busy;
    this.reason = told.reason;
    this.status = told.status;
    this.reports = reports;
  }
}

function describeKeeperEnd(told: {
  readonly busy: boolean;
  readonly reason?: string | undefined;
  readonly status?: ExitStatus | undefined;
}): string {
  if (told.busy) return 'the machine is being run: another keeper holds its lock';
  if (told.reason !== undefined) return `the machine could not be run: ${told.reason}`;
  if (told.status) return `QEMU ${describeExit(told.status)}`;
  return "the machine's keeper was ended from outside";
}
