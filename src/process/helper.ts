import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { accessSync, constants } from 'node:fs';
import type { Options, Result, ResultPromise, Subprocess, execa as Execa } from 'execa';
import { MissingProgramError, ProcessStartError, isSystemError } from '../errors/index.ts';
import { onAbort } from '../util/time/on-abort.ts';
import { findProgram } from './program.ts';
import { startProcess } from './start-process.ts';
import { STANDARD_DESCRIPTORS, tether } from './confine/tether.ts';

export interface HelperOptions {
  /** Working directory; the launcher's own by default. */
  readonly cwd?: string | undefined;
  /** The program's whole environment; the launcher's own by default. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** An open file as its standard input; otherwise `how` decides, or there is none. */
  readonly input?: number | undefined;
  /** Descriptors 3, 4, … of the program: an open file of ours, or a connection that ends with us. */
  readonly descriptors?: readonly ('pipe' | number)[] | undefined;
  /** Runs the program from memory if its file system is mounted noexec. For programs of ours only. */
  readonly evenNoexec?: boolean | undefined;
  /**
   * Further options for vmlet-confine, as returned by `confine`; the program gains no privileges in any case.
   */
  readonly confinement?: readonly string[] | undefined;
  /** Aborting kills it. */
  readonly signal?: AbortSignal | undefined;
}

/** A helper is always killed at once and by this process only: its tether ends it with its launcher. */
const ALWAYS = {
  encoding: 'buffer',
  stripFinalNewline: false,
  reject: false,
  extendEnv: false,
  cleanup: false,
  killSignal: 'SIGKILL',
  forceKillAfterDelay: false,
  verbose: 'none',
} as const satisfies Options;

export interface StartedHelper {
  readonly child: Subprocess<typeof ALWAYS>;
  readonly pid: number;
  /** Resolves when it has exited and its output has ended; never rejects. */
  readonly ended: Promise<Result<typeof ALWAYS>>;
}

/**
 * Starts a program that runs to its end, and dies with its launcher.
 * @param how options of execa for its output and time limit; `buffer: false` if the caller reads the output.
 * @throws MissingProgramError, ProcessStartError, or the signal's reason.
 */
export async function startHelper(
  argv: readonly [string, ...string[]],
  { cwd, environment, input, descriptors = [], evenNoexec, confinement = [], signal }: HelperOptions,
  how: Pick<Options, 'buffer' | 'input' | 'maxBuffer' | 'timeout'>,
): Promise<StartedHelper> {
  signal?.throwIfAborted();
  const executable = findProgram(argv[0]);
  const inMemory = executable === undefined && evenNoexec === true;
  const found = inMemory ? argv[0] : executable;
  if (found === undefined) throw new MissingProgramError(argv[0]);
  const start = await execaFor(argv[0]);
  signal?.throwIfAborted();
  const command = tether(
    process.pid,
    STANDARD_DESCRIPTORS + descriptors.length,
    [found, ...argv.slice(1)],
    [...(inMemory ? ['--in-memory'] : []), ...confinement],
  );
  const helper = start(command, {
    ...how,
    // execa's types only cover descriptors below ten; it passes all of them to Node.
    stdio: [
      input ?? (how.input === undefined ? 'ignore' : 'pipe'),
      'pipe',
      'pipe',
      ...descriptors,
    ] as Options['stdio'],
    ...(cwd !== undefined && { cwd }),
    ...(environment && { env: { ...environment } }),
  });
  // Instead of execa's own handling, which adds a listener to the signal for each helper.
  if (signal) void helper.ended.then(onAbort(signal, () => void helper.child.kill('SIGKILL')));
  return helper;
}

type Start = (argv: readonly [string, ...string[]], options: Options) => StartedHelper;

/**
 * Loads execa when the first program is run; many launches do not need it.
 * @param program names it in errors.
 * @returns a function that starts a program immediately; throws ProcessStartError.
 * @throws ProcessStartError.
 */
export async function execaFor(program: string): Promise<Start> {
  const execa = await loadExeca(program);
  return ([file, ...args], options) => {
    // The types depend on options that are known one by one.
    const start = (): StartedHelper['child'] =>
      execa(file, args, { cwd: ownDirectory(), ...options, ...ALWAYS }) as ResultPromise<typeof ALWAYS>;
    const { child, pid } = startProcess(program, () => catchStartErrors(program, start));
    return { child, pid, ended: child as ResultPromise<typeof ALWAYS> };
  };
}

/**
 * Loading it opens a file, too. Node caches a failure: in a process where loading failed, no helper starts
 * any more.
 */
async function loadExeca(program: string): Promise<typeof Execa> {
  try {
    return (await import('execa')).execa;
  } catch (error) {
    if (isSystemError(error, 'EMFILE', 'ENFILE', 'ENOMEM')) {
      throw new ProcessStartError(program, { cause: error });
    }
    throw error;
  }
}

/**
 * When the host is out of descriptors, execa 9 accesses the streams of a process that has none, which throws
 * a TypeError. The process object is then lost, and its later error event would end ours.
 */
function catchStartErrors<T>(program: string, start: () => T): T {
  let made: ChildProcess | undefined;
  const hear = (message: unknown): void => {
    made = (message as { readonly process: ChildProcess }).process;
    made.on('error', () => undefined);
  };
  // Published by the constructor of each child process in Node.
  subscribe('child_process', hear);
  try {
    return start();
  } catch (error) {
    if (made && made.pid === undefined) throw new ProcessStartError(program);
    throw error;
  } finally {
    unsubscribe('child_process', hear);
  }
}

/**
 * execa makes each program change to a directory by name. Our own may have been removed, or may be
 * inaccessible to this user (after sudo); a program that does not change directory still runs in it.
 */
function ownDirectory(): string {
  const own = '/proc/self/cwd';
  try {
    accessSync(own, constants.X_OK);
    return own;
  } catch {
    return '/';
  }
}
