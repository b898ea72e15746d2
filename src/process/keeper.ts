import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { type ExitStatus, KeeperEndedError, isSystemError } from '../errors/index.ts';
import { type Deferred, deferred } from '../util/time/deferred.ts';
import { type ProcessIdentity, isAlive } from './procfs/identity.ts';
import { giveUpOrphanedOutput } from './orphaned-output.ts';
import { startProcess } from './start-process.ts';

/** A program that serves QEMU over a connection, such as passt. */
export interface KeeperHelper {
  /** Lower-case letters, digits and hyphens. */
  readonly name: string;
  /** Where QEMU connects, or listens; at most 107 bytes. */
  readonly socketPath: string;
  /** QEMU listens there, and the keeper connects; false by default. */
  readonly dials?: boolean;
  /** Its command line, each argument ended by NUL; read at each start. The connection is its descriptor 3. */
  readonly argumentsPath: string;
  /** What it prints is appended here. */
  readonly logPath: string;
}

/** What one keeper is told. Every path is absolute. */
export interface KeeperOptions {
  readonly lockPath: string;
  readonly recordPath: string;
  readonly endedPath: string;
  readonly eventsPath: string;
  readonly qemuLogPath: string;
  readonly serialLogPath: string;
  /** Where readers of the serial console connect; at most 107 bytes. */
  readonly consolePath: string;
  /** Where clients of the guest's agent connect; at most 107 bytes. */
  readonly agentPath: string;
  /** Exists. Removed at the end, with the sockets and files in it. */
  readonly runtimeDirectory: string;
  readonly helpers?: readonly KeeperHelper[];
  /** The machine is not set going: by default it is told to continue (`-S` belongs to `command`). */
  readonly paused?: boolean;
  /** QEMU, which finds its events monitor at descriptor 3, its console at 4 and the port of the guest's agent at 5. */
  readonly command: readonly [string, ...string[]];
  /** systemd's socket (NOTIFY_SOCKET), which is told when the machine runs; none by default. */
  readonly notifySocket?: string | undefined;
  /** The descriptor of a lock that the keeper is to hold with its launcher until it has recorded itself. */
  readonly lock?: number;
}

/** One line of a keeper's reports, in words. */
export type KeeperReport =
  /** Somebody else holds the machine's lock; nothing was touched. */
  | { readonly kind: 'busy' }
  /** QEMU's process. */
  | { readonly kind: 'started'; readonly pid: number; readonly startTime: number }
  | { readonly kind: 'negotiated' }
  | { readonly kind: 'running' }
  | { readonly kind: 'ended'; readonly status: ExitStatus }
  | { readonly kind: 'failed'; readonly reason: string };

type ReportOf<K extends KeeperReport['kind']> = Extract<KeeperReport, { kind: K }>;

/**
 * A keeper that was just started. Each promise rejects with KeeperEndedError when the keeper is gone before it came so
 * far, or says that it failed; whoever does not care need not await them.
 */
export interface StartedKeeper {
  readonly pid: number;
  /** QEMU's process is there. */
  readonly started: Promise<ReportOf<'started'>>;
  /** QEMU took its configuration and answers commands. */
  readonly negotiated: Promise<undefined>;
  /** The guest's processors run, for the first time. */
  readonly running: Promise<undefined>;
  /** QEMU is gone, and the record of the end is written. */
  readonly ended: Promise<ExitStatus>;
  /** What it said so far. */
  readonly reports: readonly KeeperReport[];
  /** Stops listening, so that the launcher can exit. The machine goes on; promises that are open then stay open. */
  release(): void;
}

/** The command line of `vmlet-keeper keep`, without the program itself. */
export function keeperArguments(options: KeeperOptions): string[] {
  const helpers = options.helpers ?? [];
  return [
    'keep',
    ...['--lock', options.lockPath],
    ...['--record', options.recordPath],
    ...['--ended', options.endedPath],
    ...['--events', options.eventsPath],
    ...['--qemu-log', options.qemuLogPath],
    ...['--serial-log', options.serialLogPath],
    ...['--console', options.consolePath],
    ...['--agent', options.agentPath],
    ...['--runtime-directory', options.runtimeDirectory],
    ...helpers.flatMap((one) => [
      one.dials === true ? '--dialling-helper' : '--helper',
      ...[one.name, one.socketPath, one.argumentsPath, one.logPath],
    ]),
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
  giveUpOrphanedOutput(child);
  // What keeps the launcher waiting is the reports, until it lets go of them.
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
  // A reset tells the same as an end.
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
  // Nobody has to wait for each of them.
  result.promise.catch(() => undefined);
  return result;
}

/** Undefined for a line of a newer keeper. */
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

/** The keeper writes the numbers of signals; undefined for one without a name. */
export function signalName(number: number): NodeJS.Signals | undefined {
  const names = Object.entries(constants.signals) as [NodeJS.Signals, number][];
  return names.find(([, value]) => value === number)?.[0];
}

const SIGNALS = { 'power-button': 'SIGUSR1', quit: 'SIGTERM', kill: 'SIGUSR2' } as const;

/**
 * Has a keeper press the power button, tell QEMU to quit, or kill QEMU.
 * @returns false when that keeper is gone: its pid may be somebody else's now, and nothing was sent.
 */
export function signalKeeper(identity: ProcessIdentity, action: keyof typeof SIGNALS): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, SIGNALS[action]);
    return true;
  } catch (error) {
    // It ended just now.
    if (isSystemError(error, 'ESRCH')) return false;
    throw error;
  }
}
