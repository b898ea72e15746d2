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
  /** The launcher's own by default. */
  readonly cwd?: string | undefined;
  /** The program's whole environment; the launcher's own by default. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** An open file that is its standard input; by default what `how` says, or nothing. */
  readonly input?: number | undefined;
  /** What it inherits as descriptors 3, 4, …: an open file of ours, or a connection that ends with us. */
  readonly descriptors?: readonly ('pipe' | number)[] | undefined;
  /** The program is a file of ours, which may lie where the host executes nothing (noexec): it runs from memory then. */
  readonly evenNoexec?: boolean | undefined;
  /** More options for the vmlet-confine that becomes it, as `confine` makes them; it gains no privileges in any case. */
  readonly confinement?: readonly string[] | undefined;
  /** Aborting kills it. */
  readonly signal?: AbortSignal | undefined;
}

/** Whatever ends a helper ends it at once, and by us alone: it dies with its launcher by its tether. */
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
  /** Settles when it is gone and its output has ended, and never rejects. */
  readonly ended: Promise<Result<typeof ALWAYS>>;
}

/**
 * Starts a program that runs to its end, and dies with its launcher.
 * @param how what execa does with its output and for how long; `buffer: false` for one whose output the caller reads.
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
    // Its types know numbers below ten; it hands all of them to Node.
    stdio: [
      input ?? (how.input === undefined ? 'ignore' : 'pipe'),
      'pipe',
      'pipe',
      ...descriptors,
    ] as Options['stdio'],
    ...(cwd !== undefined && { cwd }),
    ...(environment && { env: { ...environment } }),
  });
  // Not execa's own, which gives the signal a listener for each helper.
  if (signal) void helper.ended.then(onAbort(signal, () => void helper.child.kill('SIGKILL')));
  return helper;
}

type Start = (argv: readonly [string, ...string[]], options: Options) => StartedHelper;

/**
 * Loads execa: with the first program that is run, since a launch of what is there runs none.
 * @param program names it in errors.
 * @returns what starts it, at once; throws ProcessStartError.
 * @throws ProcessStartError.
 */
export async function execaFor(program: string): Promise<Start> {
  const execa = await loadExeca(program);
  return ([file, ...args], options) => {
    // Its types follow from options that are known one by one.
    const start = (): StartedHelper['child'] =>
      execa(file, args, { cwd: ownDirectory(), ...options, ...ALWAYS }) as ResultPromise<typeof ALWAYS>;
    const { child, pid } = startProcess(program, () => heard(program, start));
    return { child, pid, ended: child as ResultPromise<typeof ALWAYS> };
  };
}

/** It is a file, too. Node keeps a failure to load it: in a process where that failed no helper starts any more. */
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
 * Where the host gives no more descriptors, execa 9 takes the streams of a process that has none, which is a TypeError.
 * Nobody has that process then, and its error, which comes later, would end ours.
 */
function heard<T>(program: string, start: () => T): T {
  let made: ChildProcess | undefined;
  const hear = (message: unknown): void => {
    made = (message as { readonly process: ChildProcess }).process;
    made.on('error', () => undefined);
  };
  // Published by the constructor of each process of Node's.
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
 * execa has each program change to a directory by its name. Ours may have lost its own (removed), or be one that
 * this user may not enter (of who called sudo): a program that changes to none is in it all the same.
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
