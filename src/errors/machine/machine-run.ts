import { type ExitStatus, describeExit } from '../base/exit-status.ts';
import { type ErrorDetails, VmletError } from '../base/vmlet-error.ts';

/**
 * The machine did not become ready. `qemuOutput` and `consoleOutput` are the last lines that QEMU and the guest
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

/** The request failed because the machine has ended. `outcome.kind` says how it ended. */
export class MachineEndedError extends VmletError {
  override readonly code = 'VMLET_MACHINE_ENDED';
  readonly outcome: { readonly kind: string };

  constructor(description: string, outcome: { readonly kind: string }, details: ErrorDetails = {}) {
    super(`the machine has ended: ${description}`, details);
    this.outcome = outcome;
  }
}

/** The keeper of a machine ended or gave up before the machine reached the expected state. */
export class KeeperEndedError extends VmletError {
  override readonly code = 'VMLET_KEEPER_ENDED';
  /** True when another keeper holds the machine's lock; this one changed nothing. */
  readonly busy: boolean;
  /** The keeper's reason for giving up. */
  readonly reason: string | undefined;
  /** How QEMU ended, if it was started. */
  readonly status: ExitStatus | undefined;
  /** Kinds of the keeper's reports, in order. */
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
    super(describeKeeperEnd(told), { hint: adviceOn(told), ...details });
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
  if (told.busy) return 'the machine is already running in another process (vmlet-keeper)';
  if (told.reason !== undefined)
    return `vmlet-keeper, the process that runs the machine, failed: ${told.reason}`;
  if (told.status) return `QEMU ${describeExit(told.status)}`;
  return 'vmlet-keeper, the process that runs the machine, was killed';
}

function adviceOn(told: {
  readonly busy: boolean;
  readonly reason?: string | undefined;
  readonly status?: ExitStatus | undefined;
}): string | undefined {
  if (told.busy) return 'to start the machine again, first stop it, or wait until it has stopped';
  if (told.reason !== undefined || told.status) return undefined;
  return 'to see whether the kernel killed it for lack of memory, run: sudo dmesg; then start the machine again';
}
