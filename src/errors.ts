/** How a process ended: exactly one of the two is set. */
export interface ExitStatus {
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
}

export interface ErrorDetails {
  /** What the user can do about it, one sentence. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** Every error that vmlet throws on purpose. `code` is stable across releases; `message` is not. */
export abstract class VmletError extends Error {
  abstract readonly code: `VMLET_${string}`;
  readonly hint: string | undefined;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.hint = details.hint;
  }
}

/** Something the caller wrote is wrong: names the field, what it held and what would be right. */
export class InvalidInputError extends VmletError {
  override readonly code = 'VMLET_INVALID_INPUT';
  readonly field: string;

  constructor(field: string, problem: string, details: ErrorDetails = {}) {
    super(`${field}: ${problem}`, details);
    this.field = field;
  }
}

export class MissingProgramError extends VmletError {
  override readonly code = 'VMLET_MISSING_PROGRAM';
  readonly program: string;

  constructor(program: string, details: ErrorDetails = {}) {
    super(`${program} is not installed or not on the PATH`, details);
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
    const lastWords = stderr.trim().split('\n').at(-1);
    super(`${program} ${describeExit(status)}${lastWords ? `: ${lastWords}` : ''}`, details);
    this.argv = argv;
    this.status = status;
    this.stderr = stderr;
  }
}

/** Something took longer than the caller allowed. */
export class TimedOutError extends VmletError {
  override readonly code = 'VMLET_TIMED_OUT';
  readonly timeoutMs: number;

  constructor(what: string, timeoutMs: number, details: ErrorDetails = {}) {
    super(`${what} did not finish within ${timeoutMs / 1000} s`, details);
    this.timeoutMs = timeoutMs;
  }
}

export class NoSpaceError extends VmletError {
  override readonly code = 'VMLET_NO_SPACE';
}

export class PermissionError extends VmletError {
  override readonly code = 'VMLET_PERMISSION';
}

export function describeExit(status: ExitStatus): string {
  return status.signal === undefined
    ? `exited with status ${status.exitCode ?? 'unknown'}`
    : `was ended by ${status.signal}`;
}

/** True for the errors that Node's own calls throw, which carry an errno name in `code`. */
export function isSystemError(error: unknown, ...codes: string[]): error is NodeJS.ErrnoException {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return false;
  return codes.length === 0 ? 'syscall' in error : codes.includes(error.code);
}
