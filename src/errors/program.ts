import { type ExitStatus, describeExit } from './base/exit-status.ts';
import { tellingLine } from './base/telling-line.ts';
import { type ErrorDetails, VmletError } from './base/vmlet-error.ts';

/** A program that is needed is not installed. */
export class MissingProgramError extends VmletError {
  override readonly code = 'VMLET_MISSING_PROGRAM';
  readonly program: string;

  constructor(program: string, details: ErrorDetails = {}) {
    super(`${program} is not installed or not on your PATH`, details);
    this.program = program;
  }
}

/** The kernel could not start a program that exists. */
export class ProcessStartError extends VmletError {
  override readonly code = 'VMLET_PROCESS_START';
  readonly program: string;

  constructor(program: string, { cause }: Pick<ErrorDetails, 'cause'> = {}) {
    super(`cannot start ${program}: too many processes or open files on the host, or not enough memory`, {
      hint: 'end some processes, or raise the limits of processes (ulimit -u) and open files (ulimit -n)',
      cause,
    });
    this.program = program;
  }
}

/** A host program exited with status 0 but did not do its work. */
export class ProgramAnswerError extends VmletError {
  override readonly code = 'VMLET_PROGRAM_ANSWER';
  readonly program: string;

  /** @param problem the rest of a sentence after "but", as in `it created no disk`. */
  constructor(program: string, problem: string, details: ErrorDetails = {}) {
    super(`${program} exited with status 0, but ${problem}`, {
      hint: `check that ${program} on this host is the expected program: type -a ${program}`,
      ...details,
    });
    this.program = program;
  }
}

/** A host program exited with a failure. */
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
