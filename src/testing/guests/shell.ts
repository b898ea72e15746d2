import { GuestCommandFailedError, GuestOutputError, InvalidInputError } from '../../errors/index.ts';
import type { ExecOptions } from '../../guest/agent/command.ts';
import type { GuestResult } from '../../guest/agent/process.ts';
import { quoteForShell } from '../../machine/qemu/quote.ts';
import type { GuestRun } from '../probes/guest-run.ts';

/** Options of a command in the guest. */
export type CommandOptions = Pick<ExecOptions, 'env' | 'cwd' | 'user' | 'input'>;

export interface ShellOptions extends CommandOptions {
  /** Time limit in milliseconds, after which the script is killed and TimedOutError thrown; none by default. */
  readonly timeoutMs?: number | undefined;
  /** An abort kills the script and rejects with the signal's reason; the test's own signal by default. */
  readonly signal?: AbortSignal | undefined;
}

/** Output of a script in the guest. */
export interface ShellResult {
  /** Without surrounding white space. */
  readonly stdout: string;
  readonly stderr: string;
  /** Lines of `stdout`; none when it is empty. */
  readonly lines: readonly string[];
}

/** A word, or several: the shell gets each as exactly one word, whatever its characters. */
export type ShellValue = string | number | bigint | readonly (string | number | bigint)[];

/**
 * Runs a script with `sh -e` in the guest, as in `` vm.sh`systemctl start ${unit}` ``, and rejects when it fails.
 *
 * Interpolated values are quoted: do not put quotes around them. An array becomes several words. Backslashes reach the
 * shell unchanged. Options come first: `` vm.sh({ user: 'dev' })`id` ``.
 *
 * Rejects with GuestCommandFailedError, which has the output; GuestOutputError when a stream exceeds 16 MiB;
 * GuestCommandError when the user, the directory or the shell is missing; TimedOutError, MachineEndedError, or the signal's
 * reason.
 */
export interface Shell {
  (script: TemplateStringsArray, ...values: readonly ShellValue[]): Promise<ShellResult>;
  (
    options: ShellOptions,
  ): (script: TemplateStringsArray, ...values: readonly ShellValue[]) => Promise<ShellResult>;
}

/** @param current returns the present run at each call; its signal ends scripts without a signal of their own. */
export function shellOf(current: () => GuestRun): Shell {
  function shell(script: TemplateStringsArray, ...values: readonly ShellValue[]): Promise<ShellResult>;
  function shell(
    options: ShellOptions,
  ): (script: TemplateStringsArray, ...values: readonly ShellValue[]) => Promise<ShellResult>;
  function shell(first: TemplateStringsArray | ShellOptions, ...values: readonly ShellValue[]): unknown {
    if (isTemplate(first)) return runScript(current(), composeScript(first, values), {});
    return async (script: TemplateStringsArray, ...inner: readonly ShellValue[]) =>
      runScript(current(), composeScript(script, inner), first);
  }
  return shell;
}

async function runScript(run: GuestRun, script: string, options: ShellOptions): Promise<ShellResult> {
  const signal = options.signal ?? run.signal;
  const result = await run.guard(run.guest.exec(wordsOf(script), { ...options, signal }));
  return requireSuccess(script.trim(), result);
}

/** @throws GuestCommandFailedError, GuestOutputError */
function requireSuccess(command: string, result: GuestResult): ShellResult {
  if (result.exitCode === 0) return completeResult(command, result);
  throw new GuestCommandFailedError(command, result, shellResult(result));
}

/** @throws GuestOutputError: a test that reads only a part of the output could pass by mistake. */
export function completeResult(command: string, result: GuestResult): ShellResult {
  if (!result.truncated) return shellResult(result);
  throw new GuestOutputError(command, {
    hint: 'redirect the output to a file and read it with pull(), or read it line by line: for await (const line of vm.exec([…]))',
  });
}

/** Returns the command line: a string is a shell script; an array runs without a shell. */
export function wordsOf(command: string | readonly string[]): readonly string[] {
  return typeof command === 'string' ? ['sh', '-ec', command] : command;
}

export function describeCommand(command: string | readonly string[]): string {
  return typeof command === 'string' ? command : command.map(quoteForShell).join(' ');
}

export function shellResult({ stdout, stderr }: Pick<GuestResult, 'stdout' | 'stderr'>): ShellResult {
  const text = stdout.toString().trim();
  return { stdout: text, stderr: stderr.toString().trim(), lines: text === '' ? [] : text.split('\n') };
}

/**
 * Composes the script, with its values as quoted words.
 * @throws InvalidInputError for a value that is neither text nor a number.
 */
export function composeScript({ raw }: TemplateStringsArray, values: readonly ShellValue[]): string {
  return raw
    .map((text, index) => unescape(text) + (index < values.length ? words(values[index], index) : ''))
    .join('');
}

/** Unescapes the two sequences that a template needs a backslash for; all others reach the shell unchanged. */
function unescape(raw: string): string {
  return raw.replaceAll('\\`', '`').replaceAll('\\${', '${');
}

function words(value: unknown, index: number): string {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list
    .map((word) => {
      if (typeof word === 'string' || typeof word === 'bigint') return quoteForShell(String(word));
      if (typeof word === 'number' && Number.isFinite(word)) return String(word);
      throw new InvalidInputError(
        `interpolated value ${index + 1} of vm.sh`,
        `expected text, a number, or an array of texts and numbers, but got ${describe(word)}`,
      );
    })
    .join(' ');
}

function describe(value: unknown): string {
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

function isTemplate(value: TemplateStringsArray | ShellOptions): value is TemplateStringsArray {
  return Array.isArray(value) && 'raw' in value;
}
