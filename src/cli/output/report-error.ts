import { CommanderError } from 'commander';
import {
  CloudInitError,
  GuestCommandError,
  ImageRefusedError,
  InvalidInputError,
  LaunchError,
  TimedOutError,
  VmletError,
  isSystemError,
} from '../../errors/index.ts';
import { type CommandLine, asTyped } from '../flags/typed-flags.ts';
import { programPrefix } from './colour.ts';
import { EXIT_TIMED_OUT, EXIT_VMLET } from './exit-code.ts';
import { printableLine } from './printable.ts';

/** Ends a command with this status when there is nothing to say, as after Ctrl-C. */
export class SilentExit extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** For what the host says to whoever only looks: who writes has words of its own. */
const HOST_HINTS: Readonly<Record<string, string>> = {
  EACCES: 'see who owns it; where vmlet has its files, the XDG variables say',
  ENOTDIR: 'a part of that path is a file; where vmlet has its files, the XDG variables say',
  ELOOP: 'links in that path lead in a circle; where vmlet has its files, the XDG variables say',
};

/** All that comes after the image or the machine is the guest's. */
const MISPLACED_OPTION = 'options of vmlet go before the image or the name of the machine';

/**
 * Says on stderr what went wrong and what to do about it. Stack traces are for errors that are ours.
 * @param line whose flags the words are to be; without it the library's own names are said.
 */
export function reportError(thrown: unknown, line?: CommandLine): number {
  const error = firstFailure(thrown);
  if (error instanceof SilentExit) return error.exitCode;
  // commander has said it already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_VMLET;
  if (isSystemError(error)) {
    process.stderr.write(`${programPrefix()} the host refused: ${printableLines(error.message)}\n`);
    writeHint(HOST_HINTS[error.code ?? '']);
    return EXIT_VMLET;
  }
  if (!(error instanceof VmletError)) {
    const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(
      `${programPrefix()} this is a defect in vmlet, please report it:\n${printableLines(details)}\n`,
    );
    return EXIT_VMLET;
  }
  process.stderr.write(
    `${programPrefix()} ${printableLines(line ? messageAsTyped(error, line) : error.message)}\n`,
  );
  if (error instanceof LaunchError) writeOutput(error);
  if (error instanceof CloudInitError) writeLines('what it ran printed last', error.output);
  writeHint(error.hint);
  if (error instanceof GuestCommandError) {
    if (error.argv[0]?.startsWith('-') === true) writeHint(MISPLACED_OPTION);
    return error.exitCode;
  }
  const timedOut = error instanceof TimedOutError || error.cause instanceof TimedOutError;
  return timedOut ? EXIT_TIMED_OUT : EXIT_VMLET;
}

/**
 * What went wrong first, where undoing what was done has failed after it: mostly for the same reason. What is left then
 * the next command takes away.
 */
function firstFailure(error: unknown): unknown {
  const isSuppressing = error instanceof Error && error.name === 'SuppressedError' && 'suppressed' in error;
  if (isSuppressing) return firstFailure(error.suppressed);
  // Only undoing has failed, in more ways than one.
  return error instanceof AggregateError ? firstFailure(error.errors[0]) : error;
}

/** The library names its options, and the user has typed flags. */
function messageAsTyped(error: VmletError, line: CommandLine): string {
  const { message } = error;
  if (!(error instanceof InvalidInputError || error instanceof ImageRefusedError)) return message;
  const { field } = error;
  return message.startsWith(`${field}: `) ? asTyped(field, line) + message.slice(field.length) : message;
}

/** What a server or a file said, or how a file is called, may be part of it. */
function printableLines(text: string): string {
  return text.split('\n').map(printableLine).join('\n');
}

function writeHint(hint: string | undefined): void {
  if (hint !== undefined) process.stderr.write(`  ${printableLines(hint)}\n`);
}

function writeOutput({ qemuOutput, consoleOutput }: LaunchError): void {
  for (const [title, lines] of [
    ['QEMU said', qemuOutput],
    ["the guest's console ended with", consoleOutput],
  ] as const) {
    writeLines(title, lines);
  }
}

function writeLines(title: string, lines: readonly string[]): void {
  if (lines.length === 0) return;
  process.stderr.write(`${title}:\n${lines.map((line) => `  | ${printableLine(line)}\n`).join('')}`);
}
