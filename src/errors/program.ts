import { type ExitStatus, describeExit } from './base/exit-status.ts';
import { tellingLine } from './base/telling-line.ts';
import { type ErrorDetails, VmletError } from './base/vmlet-error.ts';

export class MissingProgramError extends VmletError {
  override readonly code = 'VMLET_MISSING_PROGRAM';
  readonly program: string;

  constructor(program: string, details: ErrorDetails = {}) {
    super(`${program} is not installed or not on the PATH`, details);
    this.program = program;
  }
}

/** A program is there and the kernel did not start it. */
export class ProcessStartError extends VmletError {
  override readonly code = 'VMLET_PROCESS_START';
  readonly program: string;

  constructor(program: string, { cause }: Pick<ErrorDetails, 'cause'> = {}) {
    super(`${program} could not be started: the host gives no more processes, descriptors or memory`, {
      hint: 'end something, or raise the limits (ulimit -u, ulimit -n)',
      cause,
    });
    this.program = program;
  }
}

/** A host program ended well, and neither what it said nor what it did is what it is for. */
export class ProgramAnswerError extends VmletError {
  override readonly code = 'VMLET_PROGRAM_ANSWER';
  readonly program: string;

  /** @param problem a sentence whose subject is the program, as in `made no disk`. */
  constructor(program: string, problem: string, details: ErrorDetails = {}) {
    super(`${program} ended well, and ${problem}`, {
      hint: `look whether ${program} on the PATH is the one that you mean`,
      ...details,
    });
    this.program = program;
  }
}

/** A host program ended with a status that says it failed. */
export class CommandFailedError extends VmletError {
  override readonly code = 'VMLET_COMMAND_FAILED';
  readonly argv: readonly string[];
  readonly status: ExitStatus;
  readonly stderr: string;

  constructor(argv: readonly string[], status: ExitStatus, stderr: string, details: ErrorDetails = {}) {
    const program = argv[0] ?? 'command';
    const lastWords = tellingLine(stderr);
    super(`${program} ${describeExit(status)}${lastWords ? `: ${lastWords}` : ''}`, details);
    this.argv = argv;
    this.status = status;
    this.stderr = stderr;
  }
}
