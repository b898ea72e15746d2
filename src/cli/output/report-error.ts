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
  sentenceOf,
} from '../../errors/index.ts';
import { type CommandLine, asTyped } from '../flags/typed-flags.ts';
import { EXIT_TIMED_OUT, EXIT_VMLET } from './exit-code.ts';
import { printableLine, visibleText } from './printable.ts';
import { complain } from './say.ts';

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
    complain(`the host refused: ${error.message}`, ...hint(HOST_HINTS[error.code ?? '']));
    return EXIT_VMLET;
  }
  if (!(error instanceof VmletError)) {
    complain('this is a defect in vmlet, please report it:', ...describeDefect(error));
    return EXIT_VMLET;
  }
  complain(line ? sentenceAsTyped(error, line) : sentenceOf(error));
  writeLines(error.lines);
  if (error instanceof LaunchError) writeOutput(error);
  if (error instanceof CloudInitError) writeTitled('what it ran printed last', error.output);
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
function sentenceAsTyped(error: VmletError, line: CommandLine): string {
  const sentence = sentenceOf(error);
  if (!(error instanceof InvalidInputError || error instanceof ImageRefusedError)) return sentence;
  const { field } = error;
  return sentence.startsWith(`${field}: `) ? asTyped(field, line) + sentence.slice(field.length) : sentence;
}

/** Its message in one line, and where it was thrown. */
function describeDefect(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)];
  const { message, stack = '' } = error;
  const frames = stack.slice(stack.indexOf(message) + message.length).split('\n');
  return [
    `${error.name}: ${message}`,
    ...frames.map((frame) => frame.trim()).filter((frame) => frame !== ''),
  ];
}

function hint(text: string | undefined): string[] {
  return text === undefined ? [] : [text];
}

function writeHint(text: string | undefined): void {
  if (text !== undefined) process.stderr.write(`  ${visibleText(text)}\n`);
}

function writeOutput({ qemuOutput, consoleOutput }: LaunchError): void {
  for (const [title, lines] of [
    ['QEMU said', qemuOutput],
    ["the guest's console ended with", consoleOutput],
  ] as const) {
    writeTitled(title, lines);
  }
}

function writeTitled(title: string, lines: readonly string[]): void {
  if (lines.length === 0) return;
  process.stderr.write(`${title}:\n`);
  writeLines(lines);
}

function writeLines(lines: readonly string[]): void {
  process.stderr.write(lines.map((line) => `  | ${printableLine(line)}\n`).join(''));
}
