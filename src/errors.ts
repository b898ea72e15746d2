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

/** A program is there and the kernel did not start it. */
export class ProcessStartError extends VmletError {
  override readonly code = 'VMLET_PROCESS_START';
  readonly program: string;

  constructor(program: string) {
    super(`${program} could not be started: the host gives no more processes or descriptors`, {
      hint: 'end something, or raise the limits (ulimit -u, ulimit -n)',
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

/** An image could not be built: the host's packages, a kernel or a busybox is not what is needed. */
export class ImageBuildError extends VmletError {
  override readonly code = 'VMLET_IMAGE_BUILD';
}

export class ImageNotFoundError extends VmletError {
  override readonly code = 'VMLET_IMAGE_NOT_FOUND';
  readonly image: string;

  constructor(image: string, details: ErrorDetails = {}) {
    super(`there is no image ${image}`, details);
    this.image = image;
  }
}

/** Something stands on an image that was to be removed. `users` are words such as "the machine web" or "app:1". */
export class ImageInUseError extends VmletError {
  override readonly code = 'VMLET_IMAGE_IN_USE';
  readonly image: string;
  readonly users: readonly string[];

  constructor(image: string, users: readonly string[]) {
    super(`the image ${image} is needed by ${users.join(', ')}`, {
      hint: 'remove those first; a name alone can be given to another image: vmlet image tag',
    });
    this.image = image;
    this.users = users;
  }
}

/** Another process holds a lock on a disk image. `holders` names them where /proc tells, as in "qemu-system-x86_64 (pid 42)". */
export class ImageLockedError extends VmletError {
  override readonly code = 'VMLET_IMAGE_LOCKED';
  readonly path: string;
  readonly holders: readonly string[];

  constructor(path: string, holders: readonly string[], details: ErrorDetails = {}) {
    super(`${path} is in use by ${holders.length > 0 ? holders.join(', ') : 'another process'}`, details);
    this.path = path;
    this.holders = holders;
  }
}

/** A QMP or guest agent command got an error reply. `errorClass` is for programs, `description` for people. */
export class QmpRefusedError extends VmletError {
  override readonly code = 'VMLET_QMP_REFUSED';
  readonly command: string;
  /** QEMU's error class: GenericError, CommandNotFound, DeviceNotActive, DeviceNotFound or KVMMissingCap. */
  readonly errorClass: string;
  readonly description: string;

  constructor(command: string, errorClass: string, description: string, details: ErrorDetails = {}) {
    super(`${command} was refused: ${description}`, details);
    this.command = command;
    this.errorClass = errorClass;
    this.description = description;
  }
}

/** The connection ended before the command was answered, and the peer is not known to have crashed. */
export class QmpClosedError extends VmletError {
  override readonly code = 'VMLET_QMP_CLOSED';
  readonly what: string;
  /** How the process ended, where that is known. */
  readonly status: ExitStatus | undefined;

  constructor(what: string, status: ExitStatus | undefined, details: ErrorDetails = {}) {
    super(`the connection ended before ${what} was done`, details);
    this.what = what;
    this.status = status;
  }
}

/** The connection ended because QEMU died. */
export class QmpCrashedError extends VmletError {
  override readonly code = 'VMLET_QMP_CRASHED';
  readonly what: string;
  readonly status: ExitStatus;
  /** The last lines QEMU printed on stderr, oldest first. */
  readonly stderr: readonly string[];

  constructor(what: string, status: ExitStatus, stderr: readonly string[], details: ErrorDetails = {}) {
    const lastWords = stderr.at(-1);
    super(
      `QEMU ${describeExit(status)} before ${what} was done${lastWords ? `: ${lastWords}` : ''}`,
      details,
    );
    this.what = what;
    this.status = status;
    this.stderr = stderr;
  }
}

/** The call is not possible in the state that the client is in. */
export class QmpStateError extends VmletError {
  override readonly code = 'VMLET_QMP_STATE';
}

/** The peer sent what the protocol does not allow; the connection is given up. */
export class QmpProtocolError extends VmletError {
  override readonly code = 'VMLET_QMP_PROTOCOL';
}

/** The socket could not be connected. */
export class QmpConnectError extends VmletError {
  override readonly code = 'VMLET_QMP_CONNECT';
  readonly path: string;

  constructor(path: string, problem: string, details: ErrorDetails = {}) {
    super(`cannot connect to ${path}: ${problem}`, details);
    this.path = path;
  }
}

/** Connected, but the peer sent no greeting: QEMU serves one client a monitor and lets the others wait. */
export class QmpNoGreetingError extends VmletError {
  override readonly code = 'VMLET_QMP_NO_GREETING';
}

/** A block or snapshot job concluded with an error. */
export class QmpJobError extends VmletError {
  override readonly code = 'VMLET_QMP_JOB';
  readonly jobId: string;

  constructor(command: string, jobId: string, problem: string, details: ErrorDetails = {}) {
    super(`${command} failed: ${problem}`, details);
    this.jobId = jobId;
  }
}

/** Who holds a port, as far as /proc tells this user. */
export interface PortOwner {
  readonly pid: number;
  /** The short name of its program. */
  readonly command: string;
}

/** A host port that was asked for, or chosen a moment ago, is in use. */
export class PortTakenError extends VmletError {
  override readonly code = 'VMLET_PORT_TAKEN';
  /** `address:port/protocol` as a user writes it. */
  readonly endpoint: string;
  /** vmlet chose this port itself and lost it to somebody before it was used: the caller can choose again. */
  readonly ephemeral: boolean;
  readonly owner: PortOwner | undefined;

  constructor(
    endpoint: string,
    ephemeral: boolean,
    owner: PortOwner | undefined,
    details: ErrorDetails = {},
  ) {
    super(
      `${endpoint} on this host is taken${owner ? ` by ${owner.command} (pid ${owner.pid})` : ''}`,
      details,
    );
    this.endpoint = endpoint;
    this.ephemeral = ephemeral;
    this.owner = owner;
  }
}

/** The network's helper could not start, or did not come up. */
export class NetworkStartError extends VmletError {
  override readonly code = 'VMLET_NETWORK_START';
  /** The last lines that the helper printed. */
  readonly stderr: readonly string[];

  constructor(problem: string, stderr: readonly string[], details: ErrorDetails = {}) {
    const lastWords = stderr.at(-1);
    super(`${problem}${lastWords ? `: ${lastWords}` : ''}`, details);
    this.stderr = stderr;
  }
}

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

/** An accelerator was asked for that cannot run guests here; `reason` says why on one line. */
export class AcceleratorUnavailableError extends VmletError {
  override readonly code = 'VMLET_ACCEL_UNAVAILABLE';
  readonly accelerator: string;
  readonly reason: string;

  constructor(accelerator: string, reason: string, details: ErrorDetails = {}) {
    super(`${accelerator.toUpperCase()} is not usable: ${reason}`, details);
    this.accelerator = accelerator;
    this.reason = reason;
  }
}

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

/** A file in the guest could not be read or written. */
export class GuestFileError extends VmletError {
  override readonly code = 'VMLET_GUEST_FILE';
  readonly path: string;
  /** The name of the guest's error number, such as EACCES. */
  readonly errno: string;

  constructor(path: string, errno: string, problem: string, details: ErrorDetails = {}) {
    super(`${path} in the guest: ${problem}`, details);
    this.path = path;
    this.errno = errno;
  }
}

/** The guest refused something other than a command or a file: a module, an address, the clock, power. */
export class GuestRequestError extends VmletError {
  override readonly code = 'VMLET_GUEST_REQUEST';
  /** What it was about: a module's name, an address, a hardware address; undefined for the request as a whole. */
  readonly subject: string | undefined;
  readonly errno: string;

  constructor(subject: string | undefined, errno: string, problem: string, details: ErrorDetails = {}) {
    super(`the guest refused ${subject ?? 'the request'}: ${problem}`, details);
    this.subject = subject;
    this.errno = errno;
  }
}

/** The agent and this library do not understand each other. The session is over. */
export class GuestProtocolError extends VmletError {
  override readonly code = 'VMLET_GUEST_PROTOCOL';
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
    super(`in the guest, ${command} ${describeExit(status)}${lastLinesOf(output)}`, details);
    this.command = command;
    this.status = status;
    this.stdout = output.stdout;
    this.stderr = output.stderr;
  }
}

const SHOWN_LINES = 10;

/** Of stderr, and of stdout where there is nothing on stderr: what a program says last tells most often why. */
function lastLinesOf({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): string {
  const [stream, text] = stderr.trim() === '' ? ['stdout', stdout.trim()] : ['stderr', stderr.trim()];
  if (text === '') return ', and printed nothing';
  const lines = text.split('\n');
  const left = lines.length - SHOWN_LINES;
  const note = left > 0 ? `, the last ${SHOWN_LINES} of ${lines.length} lines` : '';
  return `; ${stream}${note}:\n${lines
    .slice(-SHOWN_LINES)
    .map((line) => `  ${line}`)
    .join('\n')}`;
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

/** A systemd unit of the guest will not become what was waited for: it failed, or there is no such unit or systemd. */
export class GuestUnitError extends VmletError {
  override readonly code = 'VMLET_GUEST_UNIT';
  readonly unit: string;
  /** The unit's last lines in the journal, oldest first; empty where there are none. */
  readonly journal: readonly string[];

  constructor(unit: string, problem: string, journal: readonly string[] = [], details: ErrorDetails = {}) {
    const lines = journal.map((line) => `\n  ${line}`).join('');
    super(`${unit} ${problem}${lines === '' ? '' : `; its journal:${lines}`}`, details);
    this.unit = unit;
    this.journal = journal;
  }
}

/** What a guest's kernel says that fails a test whatever else the test looks at. */
export type GuestAlarmKind = 'panic' | 'oops' | 'bug' | 'oom-kill';

/** The guest's kernel panicked, found itself broken, or killed a process for lack of memory. */
export class GuestAlarmError extends VmletError {
  override readonly code = 'VMLET_GUEST_ALARM';
  readonly machine: string;
  readonly kind: GuestAlarmKind;
  /** The guest's lines that say so, oldest first; empty where it got to say nothing. */
  readonly lines: readonly string[];

  constructor(machine: string, kind: GuestAlarmKind, lines: readonly string[], details: ErrorDetails = {}) {
    const said = lines.length === 0 ? ', and nothing of it is on the console' : ':';
    super(`${machine}: ${ALARMS[kind]}${said}${lines.map((line) => `\n  ${line}`).join('')}`, details);
    this.machine = machine;
    this.kind = kind;
    this.lines = lines;
  }
}

const ALARMS: Readonly<Record<GuestAlarmKind, string>> = {
  panic: "the guest's kernel panicked",
  oops: "the guest's kernel did what no kernel may (an oops)",
  bug: "the guest's kernel found a bug in itself",
  'oom-kill': 'the guest ran out of memory, and its kernel killed a process',
};

/** The connection to the guest's agent is gone, or the agent started anew; what ran over it is lost. */
export class GuestClosedError extends VmletError {
  override readonly code = 'VMLET_GUEST_CLOSED';
}

/** QEMU is there and does not start, not even without a guest. */
export class BrokenQemuError extends VmletError {
  override readonly code = 'VMLET_BROKEN_QEMU';
  /** The last line that it printed; may be empty. */
  readonly lastWords: string;

  constructor(path: string, lastWords: string) {
    super(`${path} does not start${lastWords === '' ? '' : `: ${lastWords}`}`, {
      hint: 'install QEMU anew; vmlet doctor tells whether it starts then',
    });
    this.lastWords = lastWords;
  }
}

/** The host describes no firmware of the kind that was asked for. */
export class FirmwareNotFoundError extends VmletError {
  override readonly code = 'VMLET_FIRMWARE_NOT_FOUND';
}

export class MachineNotFoundError extends VmletError {
  override readonly code = 'VMLET_MACHINE_NOT_FOUND';
  readonly machine: string;

  constructor(machine: string, details: ErrorDetails = {}) {
    super(`there is no machine ${machine}`, {
      hint: 'vmlet ls shows the machines that are there',
      ...details,
    });
    this.machine = machine;
  }
}

export class MachineExistsError extends VmletError {
  override readonly code = 'VMLET_MACHINE_EXISTS';
  readonly machine: string;

  constructor(machine: string) {
    super(`there is a machine ${machine} already`, {
      hint: 'choose another name, or remove that one with vmlet rm',
    });
    this.machine = machine;
  }
}

export class TemplateNotFoundError extends VmletError {
  override readonly code = 'VMLET_TEMPLATE_NOT_FOUND';
  readonly template: string;

  constructor(template: string) {
    super(`there is no template ${template}`, {
      hint: 'vmlet template ls shows those that are there, vmlet template create makes one',
    });
    this.template = template;
  }
}

export class TemplateExistsError extends VmletError {
  override readonly code = 'VMLET_TEMPLATE_EXISTS';
  readonly template: string;

  constructor(template: string) {
    super(`there is a template ${template} already`, {
      hint: 'choose another name, replace it with --replace, or remove it with vmlet template rm',
    });
    this.template = template;
  }
}

/** What the template's memory depends on has changed: forks of it would crash, or worse. */
export class TemplateStaleError extends VmletError {
  override readonly code = 'VMLET_TEMPLATE_STALE';
  readonly template: string;
  /** Each in words. */
  readonly differences: readonly string[];

  constructor(template: string, differences: readonly string[]) {
    super(`the template ${template} does not fit any more: ${differences.join('; ')}`, {
      hint: 'make it anew: vmlet template create --replace, or createTemplate with existing: "replace"',
    });
    this.template = template;
    this.differences = differences;
  }
}

/** A template's own files are damaged. */
export class BrokenTemplateError extends VmletError {
  override readonly code = 'VMLET_TEMPLATE_BROKEN';
  readonly template: string;

  constructor(template: string, problem: string, details: ErrorDetails = {}) {
    super(`the template ${template} is damaged: ${problem}`, {
      hint: 'remove it with vmlet template rm and make it anew',
      ...details,
    });
    this.template = template;
  }
}

/** Another process changes the machine just now: it starts, stops or removes it, for example. */
export class MachineBusyError extends VmletError {
  override readonly code = 'VMLET_MACHINE_BUSY';
  readonly machine: string;

  constructor(machine: string, holder: string | undefined) {
    super(`${machine} is being changed by another process${holder === undefined ? '' : `: ${holder}`}`, {
      hint: 'try again when that is done',
    });
    this.machine = machine;
  }
}

/** What was asked for is not possible in the state that the machine is in, which `status` names. */
export class MachineStateError extends VmletError {
  override readonly code = 'VMLET_MACHINE_STATE';
  readonly machine: string;
  readonly status: string;

  constructor(machine: string, status: string, problem: string, details: ErrorDetails = {}) {
    super(`${machine} ${problem}`, details);
    this.machine = machine;
    this.status = status;
  }
}

/** A machine's own files cannot be read: what is wrong is in the cause. */
export class BrokenMachineError extends VmletError {
  override readonly code = 'VMLET_BROKEN_MACHINE';
  readonly machine: string;

  constructor(machine: string, problem: string, details: ErrorDetails = {}) {
    super(`${machine} is broken: ${problem}`, {
      hint: `mend the file, or remove the machine: vmlet rm --storage ${machine}`,
      ...details,
    });
    this.machine = machine;
  }
}

/** The guest did not let go of a device that it was asked for. The request stays: it may let go later. */
export class GuestHoldsDeviceError extends VmletError {
  override readonly code = 'VMLET_GUEST_HOLDS_DEVICE';
  /** The disk's node name, or the drive's id. */
  readonly device: string;

  constructor(device: string, problem: string, details: ErrorDetails = {}) {
    super(problem, details);
    this.device = device;
  }
}

/** A step of setting up the system in the guest failed there. */
export class GuestSetupError extends VmletError {
  override readonly code = 'VMLET_GUEST_SETUP';
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined;
  /** What the guest's programs said. */
  readonly stderr: string;

  constructor(step: string, exitCode: number | undefined, stderr: string, details: ErrorDetails = {}) {
    const lastWords = stderr.trim().split('\n').at(-1);
    super(`${step} failed in the guest${lastWords ? `: ${lastWords}` : ''}`, details);
    this.exitCode = exitCode;
    this.stderr = stderr;
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

/** The machine has no device of the kind that is needed, such as a display. */
export class MissingDeviceError extends VmletError {
  override readonly code = 'VMLET_MISSING_DEVICE';
  readonly device: string;

  constructor(device: string, problem: string, details: ErrorDetails = {}) {
    super(problem, details);
    this.device = device;
  }
}

/** A fault that this machine, its QEMU or its guest cannot be given. */
export class FaultUnavailableError extends VmletError {
  override readonly code = 'VMLET_FAULT_UNAVAILABLE';
  /** As in `net.shape`. */
  readonly fault: string;

  constructor(fault: string, problem: string, details: ErrorDetails = {}) {
    super(`${fault}: ${problem}`, details);
    this.fault = fault;
  }
}

/** A socket other than a monitor's could not be connected. */
export class ConnectError extends VmletError {
  override readonly code = 'VMLET_CONNECT';
  readonly path: string;

  constructor(path: string, problem: string, details: ErrorDetails = {}) {
    super(`cannot connect to ${path}: ${problem}`, details);
    this.path = path;
  }
}

/** The user's own systemd does not take orders, so that no unit can be enabled. */
export class UserManagerUnavailableError extends VmletError {
  override readonly code = 'VMLET_NO_USER_MANAGER';
  /** What `systemctl --user is-system-running` said, or `not installed`. */
  readonly state: string;

  constructor(state: string) {
    super(`systemd does not run for this user: ${state}`, {
      hint: 'systemctl --user needs a login by ssh or on a console, and XDG_RUNTIME_DIR of that login',
    });
    this.state = state;
  }
}

/** A disk image was looked at before QEMU was to see it, and is not given to it. */
export class ImageRefusedError extends VmletError {
  override readonly code = 'VMLET_IMAGE_REFUSED';
  /** The option that named it, as in `disks[0]`. */
  readonly field: string;
  /** The file; of one that was pulled, its address. */
  readonly path: string;
  /** All that is wrong with it, each a sentence without its subject, which is the path. Never empty. */
  readonly reasons: readonly string[];

  constructor(field: string, path: string, reasons: readonly string[], details: ErrorDetails = {}) {
    super(`${field}: ${path} ${reasons[0] ?? 'is refused'}`, details);
    this.field = field;
    this.path = path;
    this.reasons = reasons;
  }
}

/** Why a file did not come: what programs tell apart. */
export type DownloadFailure =
  /** The server answered with a status that is none of a file; `status` has it. */
  | 'status'
  /** A redirect in a circle, to nowhere, or out of what is allowed. */
  | 'redirect'
  /** A page for a browser came in place of the file. */
  | 'html'
  /** The connection ended before the file was whole. */
  | 'lost'
  /** Nothing came for too long. */
  | 'stalled'
  /** It comes too slowly to ever end. */
  | 'slow'
  /** Nobody listens there. */
  | 'refused'
  /** The host's name is not known. */
  | 'name'
  | 'unreachable'
  | 'tls'
  | 'proxy'
  /** The server does not keep to HTTP. */
  | 'protocol'
  /** Larger than the caller allows. */
  | 'too-large'
  /** Not compressed as it should be, or damaged inside. */
  | 'compression';

/** A file could not be fetched from a web server. `url` has no user's name and password in it. */
export class DownloadError extends VmletError {
  override readonly code = 'VMLET_DOWNLOAD_FAILED';
  readonly url: string;
  readonly reason: DownloadFailure;
  /** The server's, where it answered with one that tells of a failure. */
  readonly status: number | undefined;

  constructor(
    url: string,
    reason: DownloadFailure,
    problem: string,
    details: ErrorDetails & { readonly status?: number | undefined } = {},
  ) {
    super(problem, details);
    this.url = url;
    this.reason = reason;
    this.status = details.status;
  }
}

/** What came is not what its publisher's digest tells. `what` is an address or a path. */
export class DigestMismatchError extends VmletError {
  override readonly code = 'VMLET_DIGEST_MISMATCH';
  readonly what: string;
  readonly algorithm: string;
  /** Both in lower-case hexadecimal. */
  readonly expected: string;
  readonly received: string;

  constructor(what: string, algorithm: string, expected: string, received: string, hint?: string) {
    super(`${what} is not the file that was expected: its ${algorithm} is ${received}, and not ${expected}`, {
      hint: hint ?? 'the file was changed on its way, or its publisher replaced it',
    });
    this.what = what;
    this.algorithm = algorithm;
    this.expected = expected;
    this.received = received;
  }
}

/** A file of the catalogue, the user's own most likely, says something that is not understood. */
export class CatalogueFileError extends VmletError {
  override readonly code = 'VMLET_CATALOGUE_FILE';
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** As in `images.web:1.url`; empty for what is not even YAML. */
  readonly field: string;

  constructor(file: string, line: number, field: string, problem: string, details: ErrorDetails = {}) {
    super(`${file}:${line}: ${field === '' ? '' : `${field}: `}${problem}`, details);
    this.file = file;
    this.line = line;
    this.field = field;
  }
}

/** What a publisher says about an image, such as its list of digests, cannot be used. `url` is that document. */
export class PublisherDocumentError extends VmletError {
  override readonly code = 'VMLET_PUBLISHER_DOCUMENT';
  readonly image: string;
  readonly url: string;

  constructor(image: string, url: string, problem: string, details: ErrorDetails = {}) {
    super(`${image}: ${url} ${problem}`, details);
    this.image = image;
    this.url = url;
  }
}

/** An image whose publisher signs it has no good signature by the key that is expected. Nothing of it is used. */
export class SignatureError extends VmletError {
  override readonly code = 'VMLET_SIGNATURE_INVALID';
  readonly image: string;
  /** What was to be signed. */
  readonly url: string;
  /** The whole fingerprint of the key that is expected. */
  readonly fingerprint: string;

  constructor(image: string, url: string, fingerprint: string, problem: string, details: ErrorDetails = {}) {
    super(`${image}: ${url} ${problem}`, {
      hint: 'do not use this image: it may have been changed on its way; if its publisher has a new key, a new vmlet knows it',
      ...details,
    });
    this.image = image;
    this.url = url;
    this.fingerprint = fingerprint;
  }
}

/** While an image came, its publisher replaced it by a newer one, so that file and digest are of two. */
export class ImageMovedError extends VmletError {
  override readonly code = 'VMLET_IMAGE_MOVED';
  readonly image: string;

  constructor(image: string, details: ErrorDetails = {}) {
    super(`${image} was replaced by its publisher in this very moment`, {
      hint: 'try again',
      ...details,
    });
    this.image = image;
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
