import { type ExitStatus, describeExit } from '../base/exit-status.ts';
import { type ErrorDetails, VmletError } from '../base/vmlet-error.ts';

/** The guest could not start a command. `exitCode` is as in a shell: 127 for not found, 126 for any other reason. */
export class GuestCommandError extends VmletError {
  override readonly code = 'VMLET_GUEST_EXEC';
  readonly argv: readonly string[];
  /** Name of the guest's errno, such as ENOENT. */
  readonly errno: string;
  /** The part that failed: the program, its working directory, its user, or the resources to start it. */
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

/** A shell script or command in the guest exited with a failure. */
export class GuestCommandFailedError extends VmletError {
  override readonly code = 'VMLET_GUEST_COMMAND_FAILED';
  /** In shell syntax. */
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
    super(`in the guest, "${firstLineOf(command)}" ${describeExit(status)}${heading}`, { ...details, lines });
    this.command = command;
    this.status = status;
    this.stdout = output.stdout;
    this.stderr = output.stderr;
  }
}

/** A command in the guest succeeded, but printed more than is kept in memory. */
export class GuestOutputError extends VmletError {
  override readonly code = 'VMLET_GUEST_OUTPUT_TOO_LONG';
  /** In shell syntax. */
  readonly command: string;

  constructor(command: string, details: ErrorDetails = {}) {
    super(`in the guest, "${firstLineOf(command)}" printed more than vmlet keeps in memory`, details);
    this.command = command;
  }
}

/** Returns the first line of a script. */
function firstLineOf(command: string): string {
  const [first = '', ...more] = command.trim().split('\n');
  return more.length === 0 ? first : `${first} …`;
}

const SHOWN_LINES = 10;

/** Returns the last lines of both streams: test runners print failures to stdout, and most programs to stderr. */
function lastLinesOf({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): {
  readonly heading: string;
  readonly lines: readonly string[];
} {
  const [first, second] = [endOf('stdout', stdout), endOf('stderr', stderr)].filter(
    ({ lines }) => lines.length > 0,
  );
  if (!first) return { heading: ' and printed nothing', lines: [] };
  if (!second) return { heading: `; ${first.title}:`, lines: first.lines };
  const lines = [first, second].flatMap((end) => [`${end.title}:`, ...end.lines.map((line) => `  ${line}`)]);
  return { heading: ' and printed:', lines };
}

function endOf(stream: string, text: string): { readonly title: string; readonly lines: readonly string[] } {
  const trimmed = text.trim();
  const lines = trimmed === '' ? [] : trimmed.split('\n');
  const title =
    lines.length > SHOWN_LINES ? `last ${SHOWN_LINES} of ${lines.length} lines of ${stream}` : stream;
  return { title, lines: lines.slice(-SHOWN_LINES) };
}
