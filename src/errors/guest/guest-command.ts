import { type ExitStatus, describeExit } from '../base/exit-status.ts';
import { type ErrorDetails, VmletError } from '../base/vmlet-error.ts';

/** The guest could not start a command. `exitCode` is what a shell would give: 127 not found, 126 anything else. */
export class GuestCommandError extends VmletError {
  override readonly code = 'VMLET_GUEST_EXEC';
  readonly argv: readonly string[];
  /** The name of the guest's error number, such as ENOENT. */
  readonly errno: string;
  /** What failed: the program itself, its folder, its user, or what the guest needs to start one. */
  readonly phase: 'exec' | 'directory' | 'user' | 'resources' | 'request';
  readonly exitCode: 126 | 127;

  constructor(
    argv: readonly string[],
    failure: { readonly phase: GuestCommandError['phase']; readonly errno: string },
    problem: string,
    details: ErrorDetails = {},
  ) {
    super(`the guest cannot run ${argv[0] ?? 'the command'}: ${problem}`, details);
    this.argv = argv;
    this.errno = failure.errno;
    this.phase = failure.phase;
    this.exitCode = failure.phase === 'exec' && failure.errno === 'ENOENT' ? 127 : 126;
  }
}

/** A shell script or command ran in the guest and ended with a status that says it failed. */
export class GuestCommandFailedError extends VmletError {
  override readonly code = 'VMLET_GUEST_COMMAND_FAILED';
  /** As a shell reads it. */
  readonly command: string;
  readonly status: ExitStatus;
  readonly stdout: string;
  readonly stderr: string;

  constructor(
    command: string,
    status: ExitStatus,
    output: { readonly stdout: string; readonly stderr: string },
    details: ErrorDetails = {},
  ) {
    const { heading, lines } = lastLinesOf(output);
    super(`in the guest, ${firstLineOf(command)} ${describeExit(status)}${heading}`, { ...details, lines });
    this.command = command;
    this.status = status;
    this.stdout = output.stdout;
    this.stderr = output.stderr;
  }
}

/** Of a script, what it begins with. */
function firstLineOf(command: string): string {
  const [first = '', ...more] = command.trim().split('\n');
  return more.length === 0 ? first : `${first} …`;
}

const SHOWN_LINES = 10;

/** Of stderr, and of stdout where there is nothing on stderr: what a program says last tells most often why. */
function lastLinesOf({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): {
  readonly heading: string;
  readonly lines: readonly string[];
} {
  const [stream, text] = stderr.trim() === '' ? ['stdout', stdout.trim()] : ['stderr', stderr.trim()];
  if (text === '') return { heading: ', and printed nothing', lines: [] };
  const lines = text.split('\n');
  const left = lines.length - SHOWN_LINES;
  const note = left > 0 ? `, the last ${SHOWN_LINES} of ${lines.length} lines` : '';
  return { heading: `; ${stream}${note}:`, lines: lines.slice(-SHOWN_LINES) };
}
