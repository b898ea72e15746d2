import { type ExitStatus, MissingProgramError } from '../errors/index.ts';
import { execaFor } from './helper.ts';
import { findProgram } from './program.ts';

/**
 * A terminal sends these to the whole process group: the program already has the signal, and decides what to
 * do.
 */
const FROM_TERMINAL = ['SIGINT', 'SIGQUIT'] as const;
const FOR_US_ALONE = ['SIGTERM', 'SIGHUP'] as const;

export interface ForegroundEnd extends ExitStatus {
  /** The last signal that it received through us, or from the terminal together with us. */
  readonly sent: NodeJS.Signals | undefined;
}

/**
 * Gives a program our own standard input, output, error and environment until it ends, as a shell would: ssh,
 * a viewer, an editor. It is not killed with us, which would leave the terminal in raw mode; it ends when its
 * terminal closes.
 * @throws MissingProgramError, ProcessStartError.
 */
export async function runInForeground(argv: readonly [string, ...string[]]): Promise<ForegroundEnd> {
  if (findProgram(argv[0]) === undefined) throw new MissingProgramError(argv[0]);
  const start = await execaFor(argv[0]);
  const { child, ended } = start(argv, { stdio: 'inherit' });
  let sent: NodeJS.Signals | undefined;
  const ignore = (signal: NodeJS.Signals): void => void (sent = signal);
  const passOn = (signal: NodeJS.Signals): void => {
    sent = signal;
    child.kill(signal);
  };
  for (const signal of FROM_TERMINAL) process.on(signal, ignore);
  for (const signal of FOR_US_ALONE) process.on(signal, passOn);
  try {
    const { exitCode, signal } = await ended;
    return { exitCode, signal, sent };
  } finally {
    for (const signal of FROM_TERMINAL) process.off(signal, ignore);
    for (const signal of FOR_US_ALONE) process.off(signal, passOn);
  }
}
