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

/** Ends a command with this status and no message, for example after Ctrl-C. */
export class SilentExit extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** Hints for system errors that no other code has explained. */
const HOST_HINTS: Readonly<Record<string, string>> = {
  EACCES: 'check the owner and the permissions of this path',
  ENOTDIR:
    'a part of this path is a file, not a directory: correct the path; if you did not type this path, check XDG_DATA_HOME and the other XDG variables',
  ELOOP:
    'this path contains a loop of symbolic links: correct the links; if you did not type this path, check XDG_DATA_HOME and the other XDG variables',
};

/** Words after the image or machine belong to the guest's command. */
const MISPLACED_OPTION = 'if this is an option of vmlet, put it before the image or the machine';

const misplacedImage = (word: string): string =>
  `if ${word} is an image, leave it out: with --kernel, --template and --pool, all words belong to the command`;

/**
 * Prints an error and its hint to stderr. Only defects of vmlet print a stack trace.
 * @param line the command line whose flags the message names; without it the library's names are used.
 */
export function reportError(thrown: unknown, line?: CommandLine): number {
  const error = firstFailure(thrown);
  if (error instanceof SilentExit) return error.exitCode;
  // commander has already printed it.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_VMLET;
  if (isSystemError(error, 'ENOENT') && error.syscall === 'uv_cwd') {
    complain('the current directory no longer exists', 'change to another directory');
    return EXIT_VMLET;
  }
  if (isSystemError(error)) {
    complain(describeSystemError(error), ...hint(HOST_HINTS[error.code ?? '']));
    return EXIT_VMLET;
  }
  if (!(error instanceof VmletError)) {
    complain('internal error; please report it:', ...describeDefect(error));
    return EXIT_VMLET;
  }
  complain(line ? sentenceAsTyped(error, line) : sentenceOf(error));
  writeLines(error.lines);
  if (error instanceof LaunchError) writeOutput(error);
  if (error instanceof CloudInitError) writeTitled('last output', error.output);
  writeHint(error.hint);
  if (error instanceof GuestCommandError) {
    const [word = ''] = error.argv;
    if (word.startsWith('-')) writeHint(MISPLACED_OPTION);
    else if (error.exitCode === 127 && line && takesNoImage(line)) writeHint(misplacedImage(word));
    return error.exitCode;
  }
  const timedOut = error instanceof TimedOutError || error.cause instanceof TimedOutError;
  return timedOut ? EXIT_TIMED_OUT : EXIT_VMLET;
}

function takesNoImage({ command }: CommandLine): boolean {
  const { kernel, template, pool } = command.opts<{ kernel?: string; template?: string; pool?: string }>();
  return (kernel ?? template ?? pool) !== undefined;
}

/**
 * Returns the first error if the cleanup after it failed too, mostly for the same reason. The next command removes
 * the leftovers.
 */
export function firstFailure(error: unknown): unknown {
  const isSuppressing = error instanceof Error && error.name === 'SuppressedError' && 'suppressed' in error;
  if (isSuppressing) return firstFailure(error.suppressed);
  // Only the cleanup failed, more than once.
  return error instanceof AggregateError ? firstFailure(error.errors[0]) : error;
}

/** Replaces the library's option names by the flags that the user typed, as in `--disk ./nope.img: no such file`. */
function sentenceAsTyped(error: VmletError, line: CommandLine): string {
  const sentence = sentenceOf(error);
  if (!(error instanceof InvalidInputError || error instanceof ImageRefusedError)) return sentence;
  const { field } = error;
  if (!sentence.startsWith(`${field}: `)) return sentence;
  const typed = asTyped(field, line);
  const problem = sentence.slice(field.length + 2);
  const missing = /^no such file: (.+)$/.exec(problem)?.[1];
  // The form in which the command line's parser rejects a value.
  const [invalid, value, expected] = /^invalid value (.+?): (expected .*)$/s.exec(problem) ?? [];
  if (invalid !== undefined) return `invalid value ${value} for ${typed}: ${expected}`;
  return typed.startsWith('-') && missing !== undefined
    ? `${typed} ${missing}: no such file`
    : `${typed}: ${problem}`;
}

/** For example `permission denied: /srv/x`. */
export function describeSystemError({ message, path }: NodeJS.ErrnoException): string {
  const problem = /^[A-Z0-9]+: ([^,]+), /.exec(message)?.[1];
  return problem === undefined || path === undefined ? message : `${problem}: ${path}`;
}

/** The message in one line, and the stack trace. */
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
    ['output of QEMU', qemuOutput],
    ["last lines of the guest's console", consoleOutput],
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
