import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { type ExitStatus, KeeperEndedError } from '../errors/index.ts';
import { signalName } from '../util/system/signal-name.ts';
import { type Deferred, deferred } from '../util/time/deferred.ts';
import { type ProcessIdentity, signalProcess } from './procfs/identity.ts';
import { closeOrphanedOutput } from './output/orphaned-output.ts';
import { startProcess } from './start-process.ts';

/** A program that serves QEMU over a connection, such as passt. */
export interface KeeperHelper {
  /** Lower-case letters, digits and hyphens. */
  readonly name: string;
  /** Socket that QEMU connects to or listens on; at most 107 bytes. */
  readonly socketPath: string;
  /**
   * The keeper accepts QEMU's connection (`accepted`, the default), or connects to QEMU (`dials`); or the program accepts
   * it by itself, and its failure ends the machine (`listens`).
   */
  readonly kind?: 'accepted' | 'dials' | 'listens' | undefined;
  /**
   * File with its command line, each argument ended by NUL; read at each start. The connection is its
   * descriptor 3.
   */
  readonly argumentsPath: string;
  /** Its output is appended to this file. */
  readonly logPath: string;
}

/** The command that a machine exists for. */
export interface KeeperCommand {
  /** File with the body of its request. */
  readonly requestPath: string;
  /** Its output is appended to this file. */
  readonly logPath: string;
  /** Time for the first answer of the agent, in seconds; 0 for no limit. */
  readonly patienceSeconds: number;
}

/** Forwards over the guest's agent (native/keeper/forwards). */
export interface KeeperForwards {
  /** File that names them; read again at each connection to the socket. */
  readonly tablePath: string;
  /** At most 107 bytes. */
  readonly socketPath: string;
  /** File with the command line of a relay, each argument ended by NUL; the guest's port is added. */
  readonly argumentsPath: string;
  /** Output of the relays is appended to this file. */
  readonly logPath: string;
}

/** Options of one keeper. Every path is absolute. */
export interface KeeperOptions {
  readonly lockPath: string;
  readonly recordPath: string;
  readonly endedPath: string;
  readonly eventsPath: string;
  readonly qemuLogPath: string;
  readonly serialLogPath: string;
  /** Socket for readers of the serial console; at most 107 bytes. */
  readonly consolePath: string;
  /**
   * The same, where the first line tells a reader the position in the serial log at which its output begins: `INODE OFFSET`.
   * At most 107 bytes.
   */
  readonly serialPath: string;
  /** Socket for clients of the guest's agent; at most 107 bytes. */
  readonly agentPath: string;
  /** Must exist. Removed at the end, with the sockets and files in it. */
  readonly runtimeDirectory: string;
  readonly helpers?: readonly KeeperHelper[];
  readonly forwards?: KeeperForwards | undefined;
  /** A request for the guest's agent in hexadecimal digits, sent at each boot; none by default. */
  readonly mountsPath?: string | undefined;
  /** Lines for the guest's hosts file, given to its agent at each boot; none while the file is missing. */
  readonly namesPath?: string | undefined;
  /** A command for the guest's agent, begun by `signalKeeper`; the machine ends with it. */
  readonly guestCommand?: KeeperCommand | undefined;
  /** File with the command line of a program that follows the keeper after the end, each argument ended by NUL. */
  readonly afterwardsPath?: string | undefined;
  /** Leaves the processors paused: by default QEMU is told to continue (`-S` belongs to `command`). */
  readonly paused?: boolean;
  /**
   * QEMU, which inherits its events monitor as descriptor 3, its console as 4 and the port of the guest's
   * agent as 5.
   */
  readonly command: readonly [string, ...string[]];
  /** systemd's socket (NOTIFY_SOCKET), notified when the machine is running; none by default. */
  readonly notifySocket?: string | undefined;
  /** Descriptor of a lock that the keeper holds together with its launcher until it has recorded itself. */
  readonly lock?: number;
}

/** One line of a keeper's reports, parsed. */
export type KeeperReport =
  /** Another process holds the machine's lock; nothing was changed. */
  | { readonly kind: 'busy' }
  /** QEMU's process. */
  | { readonly kind: 'started'; readonly pid: number; readonly startTime: number }
  | { readonly kind: 'negotiated' }
  | { readonly kind: 'running' }
  | { readonly kind: 'ended'; readonly status: ExitStatus }
  | { readonly kind: 'failed'; readonly reason: string };

type ReportOf<K extends KeeperReport['kind']> = Extract<KeeperReport, { kind: K }>;

/**
 * A keeper that was just started. Each promise rejects with KeeperEndedError when the keeper exits before
 * that point, or reports a failure. Unneeded promises need not be awaited.
 */
export interface StartedKeeper {
  readonly pid: number;
  /** QEMU's process exists. */
  readonly started: Promise<ReportOf<'started'>>;
  /** QEMU has accepted its configuration and answers commands. */
  readonly negotiated: Promise<undefined>;
  /** The guest's processors are running for the first time. */
  readonly running: Promise<undefined>;
  /** QEMU has exited, and its end is recorded. */
  readonly ended: Promise<ExitStatus>;
  /** All reports so far. */
  readonly reports: readonly KeeperReport[];
  /**
   * Stops listening, so that the launcher can exit. The machine keeps running; pending promises then stay
   * pending.
   */
  release(): void;
}

const HELPER_OPTIONS = {
  accepted: '--helper',
  dials: '--dialling-helper',
  listens: '--listening-helper',
} as const;

/** Formats a command line for a file that the keeper reads. */
export function argumentsText(argv: readonly string[]): string {
  return argv.map((word) => `${word}\0`).join('');
}

/** Returns the command line of `vmlet-keeper keep`, without the program itself. */
export function keeperArguments(options: KeeperOptions): string[] {
  const { helpers = [], guestCommand, afterwardsPath, forwards } = options;
  return [
    'keep',
    ...['--lock', options.lockPath],
    ...['--record', options.recordPath],
    ...['--ended', options.endedPath],
    ...['--events', options.eventsPath],
    ...['--qemu-log', options.qemuLogPath],
    ...['--serial-log', options.serialLogPath],
    ...['--console', options.consolePath],
    ...['--serial', options.serialPath],
    ...['--agent', options.agentPath],
    ...['--runtime-directory', options.runtimeDirectory],
    ...helpers.flatMap((one) => [
      HELPER_OPTIONS[one.kind ?? 'accepted'],
      ...[one.name, one.socketPath, one.argumentsPath, one.logPath],
    ]),
    ...(options.mountsPath === undefined ? [] : ['--mounts', options.mountsPath]),
    ...(options.namesPath === undefined ? [] : ['--names', options.namesPath]),
    ...(guestCommand
      ? ['--command', guestCommand.requestPath, guestCommand.logPath, String(guestCommand.patienceSeconds)]
      : []),
    ...(forwards
      ? ['--forwards', ...[forwards.tablePath, forwards.socketPath, forwards.argumentsPath, forwards.logPath]]
      : []),
    ...(afterwardsPath === undefined ? [] : ['--afterwards', afterwardsPath]),
    ...(options.paused === true ? ['--paused'] : []),
    '--',
    ...options.command,
  ];
}

/**
 * Starts a keeper in a session of its own; it outlives its launcher.
 * @throws ProcessStartError.
 */
export function startKeeper(keeperPath: string, options: KeeperOptions): StartedKeeper {
  const { child, pid } = startProcess(keeperPath, () =>
    spawn(keeperPath, keeperArguments(options), {
      detached: true,
      stdio: [options.lock ?? 'ignore', 'pipe', 'ignore'],
      env: options.notifySocket === undefined ? {} : { NOTIFY_SOCKET: options.notifySocket },
    }),
  );
  closeOrphanedOutput(child);
  // Only the stream of reports keeps the launcher alive, until `release`.
  child.unref();
  return { pid, ...followReports(child.stdout as Readable) };
}

function followReports(stdout: Readable): Omit<StartedKeeper, 'pid'> {
  const reports: KeeperReport[] = [];
  const milestones = {
    started: milestone<ReportOf<'started'>>(),
    negotiated: milestone<undefined>(),
    running: milestone<undefined>(),
    ended: milestone<ExitStatus>(),
  };
  const giveUp = (): void => {
    const error = explainEnd(reports);
    for (const { reject } of Object.values(milestones)) reject(error);
  };
  const take = (report: KeeperReport): void => {
    reports.push(report);
    switch (report.kind) {
      case 'started':
        return milestones.started.resolve(report);
      case 'negotiated':
        return milestones.negotiated.resolve(undefined);
      case 'running':
        return milestones.running.resolve(undefined);
      case 'ended':
        milestones.ended.resolve(report.status);
        return giveUp();
      case 'failed':
      case 'busy':
        return giveUp();
    }
  };
  let text = '';
  stdout.setEncoding('utf8');
  stdout.on('data', (chunk: string) => {
    const lines = (text + chunk).split('\n');
    text = lines.pop() ?? '';
    for (const report of lines.map(parseReport)) if (report) take(report);
  });
  let released = false;
  // A reset means the same as an end.
  stdout.on('error', () => undefined);
  stdout.on('close', () => {
    if (!released) giveUp();
  });
  return {
    started: milestones.started.promise,
    negotiated: milestones.negotiated.promise,
    running: milestones.running.promise,
    ended: milestones.ended.promise,
    reports,
    release: () => {
      released = true;
      stdout.destroy();
    },
  };
}

function explainEnd(reports: readonly KeeperReport[]): KeeperEndedError {
  return new KeeperEndedError(
    {
      busy: reports.some(({ kind }) => kind === 'busy'),
      reason: reports.find((report) => report.kind === 'failed')?.reason,
      status: reports.find((report) => report.kind === 'ended')?.status,
    },
    reports.map(({ kind }) => kind),
  );
}

function milestone<T>(): Deferred<T> {
  const result = deferred<T>();
  // Callers may ignore any of the promises.
  result.promise.catch(() => undefined);
  return result;
}

/** Returns undefined for an unknown line, as from a newer keeper. */
function parseReport(line: string): KeeperReport | undefined {
  const [kind, first, second] = line.split(' ');
  switch (kind) {
    case 'busy':
    case 'negotiated':
    case 'running':
      return { kind };
    case 'started':
      return { kind, pid: Number(first), startTime: Number(second) };
    case 'ended':
      return {
        kind,
        status: {
          exitCode: first === '-' ? undefined : Number(first),
          signal: second === '-' ? undefined : signalName(Number(second)),
        },
      };
    case 'failed':
      return { kind, reason: line.slice('failed '.length) };
    default:
      return undefined;
  }
}

const SIGNALS = {
  'power-button': 'SIGUSR1',
  quit: 'SIGTERM',
  kill: 'SIGUSR2',
  'fail the start': 'SIGALRM',
  command: 'SIGHUP',
} as const;

/**
 * Makes a keeper press the power button, tell QEMU to quit, kill QEMU, kill it and exit as one that failed, or begin the
 * guest's command.
 * @returns false when that keeper is gone: its PID may have been reused, so nothing was sent.
 */
export function signalKeeper(identity: ProcessIdentity, action: keyof typeof SIGNALS): boolean {
  return signalProcess(identity, SIGNALS[action]);
}
