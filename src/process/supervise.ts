import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { type ExitStatus, MissingProgramError } from '../errors/index.ts';
import type { Scope } from '../util/scope.ts';
import { Tail } from '../util/tail.ts';
import { type Cgroup, inCgroup } from './confine/cgroup.ts';
import { findProgram } from './program.ts';
import { exitOf, startProcess } from './start-process.ts';
import { STANDARD_DESCRIPTORS, tether } from './confine/tether.ts';

export interface SuperviseOptions {
  /** The program's whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /**
   * What the program inherits as descriptors 3, 4, …: 'pipe' makes a connected pair whose other end is in
   * `connections`, a Socket is handed over (and closed here by its owner), a number is an open file of ours.
   */
  readonly descriptors?: readonly ('pipe' | Socket | number)[];
  /** More options for the vmlet-confine that becomes it, as `confine` makes them; it gains no privileges in any case. */
  readonly confinement?: readonly string[];
  /** What it may use of the host; as much as there is by default. */
  readonly cgroup?: Cgroup | undefined;
  /** Called with each piece of output after it has come into `output`. */
  readonly onOutput?: (chunk: Uint8Array) => void;
  /** SIGTERM is followed by SIGKILL after this many milliseconds when the scope closes; 0 (SIGKILL at once) by default. */
  readonly graceMs?: number;
}

/** A long-running program of ours. It dies with its scope, and with the launcher even on SIGKILL. */
export interface SupervisedProcess {
  readonly pid: number;
  readonly argv: readonly string[];
  /** Our ends of the descriptors asked for as 'pipe', by descriptor number. */
  readonly connections: ReadonlyMap<number, Socket>;
  /** What it printed on stdout and stderr. */
  readonly output: Tail;
  /** Settles once, when the process is gone; never rejects. Its last words may still be on their way. */
  readonly exited: Promise<ExitStatus>;
  /** Settles when all output has come in: after the process is gone, and all that inherited its output. */
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
  // A connection that is reset as the program dies is no error of a user who has just let go of it.
  for (const stream of stdio) stream?.on('error', () => undefined);
  const connections = new Map<number, Socket>();
  descriptors.forEach((descriptor, index) => {
    const ours = stdio[index + FIRST_DESCRIPTOR];
    if (descriptor === 'pipe' && ours) connections.set(index + FIRST_DESCRIPTOR, ours);
  });

  scope.defer(async () => {
    await end(child, exited, options.graceMs ?? 0);
    // A grandchild may hold a stream open; nobody reads it after the process that we started is gone.
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
