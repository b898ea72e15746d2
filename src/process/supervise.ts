import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { type ExitStatus, MissingProgramError } from '../errors/index.ts';
import type { Scope } from '../util/scope.ts';
import { Tail } from './output/tail.ts';
import { type Cgroup, inCgroup } from './confine/cgroup.ts';
import { findProgram } from './program.ts';
import { exitOf, startProcess } from './start-process.ts';
import { STANDARD_DESCRIPTORS, tether } from './confine/tether.ts';

export interface SuperviseOptions {
  /** The program's whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /**
   * Descriptors 3, 4, … of the program: 'pipe' creates a connected pair whose other end is in `connections`,
   * a Socket is passed on (its owner closes our copy), a number is an open file of ours.
   */
  readonly descriptors?: readonly ('pipe' | Socket | number)[];
  /**
   * Further options for vmlet-confine, as returned by `confine`; the program gains no privileges in any case.
   */
  readonly confinement?: readonly string[];
  /** Limits on its use of the host; none by default. */
  readonly cgroup?: Cgroup | undefined;
  /** Called with each chunk of output after it was added to `output`. */
  readonly onOutput?: (chunk: Uint8Array) => void;
  /**
   * When the scope closes, SIGTERM is followed by SIGKILL after this many milliseconds; 0 (SIGKILL at once)
   * by default.
   */
  readonly graceMs?: number;
}

/** A long-running program of ours. It dies with its scope, and with the launcher even on SIGKILL. */
export interface SupervisedProcess {
  readonly pid: number;
  readonly argv: readonly string[];
  /** Our ends of the descriptors requested as 'pipe', by descriptor number. */
  readonly connections: ReadonlyMap<number, Socket>;
  /** Its output on stdout and stderr. */
  readonly output: Tail;
  /** Resolves once, when the process has exited; never rejects. Its last output may still be in transit. */
  readonly exited: Promise<ExitStatus>;
  /**
   * Resolves when all output has arrived: after the exit of the process and of all that inherited its output.
   */
  readonly outputEnded: Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

/** After the standard ones. */
const FIRST_DESCRIPTOR = 3;

/** @throws MissingProgramError, ProcessStartError. */
export function supervise(
  argv: readonly [string, ...string[]],
  options: SuperviseOptions,
  scope: Scope,
): SupervisedProcess {
  const found = findProgram(argv[0]);
  if (found === undefined) throw new MissingProgramError(argv[0]);
  const descriptors = options.descriptors ?? [];
  const [program, ...args] = inCgroup(
    options.cgroup,
    tether(
      process.pid,
      STANDARD_DESCRIPTORS + descriptors.length,
      [found, ...argv.slice(1)],
      options.confinement,
    ),
  );
  const { child, pid } = startProcess(argv[0], () =>
    spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe', ...descriptors],
      env: { ...options.environment },
      // Ctrl-C in a terminal is sent to our whole process group, but is meant for us, or the guest's command.
      detached: true,
      ...(options.cwd !== undefined && { cwd: options.cwd }),
    }),
  );
  const output = new Tail();
  const stdio = child.stdio as unknown as readonly (Socket | null | undefined)[];
  const printed = [stdio[1], stdio[2]].filter((stream) => stream instanceof Readable);
  for (const stream of printed) {
    stream.on('data', (chunk: Uint8Array) => {
      output.push(chunk);
      options.onOutput?.(chunk);
    });
  }
  const closings = printed.map(async (stream) => new Promise((resolve) => stream.once('close', resolve)));
  const outputEnded = Promise.all(closings).then(() => undefined);
  const exited = exitOf(child);
  // A connection reset by a dying program is not an error for a user who has just closed it.
  for (const stream of stdio) stream?.on('error', () => undefined);
  const connections = new Map<number, Socket>();
  descriptors.forEach((descriptor, index) => {
    const ours = stdio[index + FIRST_DESCRIPTOR];
    if (descriptor === 'pipe' && ours) connections.set(index + FIRST_DESCRIPTOR, ours);
  });

  scope.defer(async () => {
    await end(child, exited, options.graceMs ?? 0);
    // A descendant may hold a stream open; it is not read after the exit of the process that we started.
    for (const stream of [stdio[1], stdio[2], ...connections.values()]) stream?.destroy();
  });
  return { pid, argv, connections, output, exited, outputEnded, kill: (signal) => void child.kill(signal) };
}

async function end(
  child: { kill(signal: NodeJS.Signals): boolean },
  exited: Promise<ExitStatus>,
  graceMs: number,
): Promise<void> {
  if (graceMs > 0) {
    child.kill('SIGTERM');
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, graceMs)));
    await Promise.race([exited, patience]);
    clearTimeout(timer);
  }
  child.kill('SIGKILL');
  await exited;
}
