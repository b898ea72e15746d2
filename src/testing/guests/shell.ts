import { GuestCommandFailedError, InvalidInputError } from '../../errors/index.ts';
import type { ExecOptions } from '../../guest/agent/command.ts';
import type { GuestResult } from '../../guest/agent/process.ts';
import { quoteForShell } from '../../machine/qemu/quote.ts';
import type { MachineRun } from './machine-run.ts';

/** How a command in the guest runs. */
export type CommandOptions = Pick<ExecOptions, 'env' | 'cwd' | 'user' | 'input'>;

export interface ShellOptions extends CommandOptions {
  /** Milliseconds until the script is killed and TimedOutError thrown; none by default. */
  readonly timeoutMs?: number | undefined;
  /** Aborting kills the script and rejects with the signal's reason; the test's own signal by default. */
  readonly signal?: AbortSignal | undefined;
}

export interface ShellResult {
  /** Without the white space around it. */
  readonly stdout: string;
  readonly stderr: string;
  /** The lines of `stdout`; none where it is empty. */
  readonly lines: readonly string[];
}

/** One word, or several: each becomes exactly that word for the shell, whatever is in it. */
export type ShellValue = string | number | bigint | readonly (string | number | bigint)[];

/**
 * Runs a script by the guest's `sh -e`, as in `` vm.sh`systemctl start ${unit}` ``, and rejects when it fails.
 *
 * What is interpolated is quoted: write no quotes around it. An array becomes several words. Backslashes are the
 * shell's own. With options first: `` vm.sh({ user: 'dev' })`id` ``.
 *
 * Rejects with GuestCommandFailedError, which has the output; GuestCommandError where there is no such user, folder or
 * shell; TimedOutError, MachineEndedError, or the signal's reason.
 */
export interface Shell {
  (script: TemplateStringsArray, ...values: readonly ShellValue[]): Promise<ShellResult>;
  (
    options: ShellOptions,
  ): (script: TemplateStringsArray, ...values: readonly ShellValue[]) => Promise<ShellResult>;
}

/** @param current what the script is for, asked for at each call; a script without a signal of its own ends with its. */
export function shellOf(current: () => MachineRun): Shell {
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

async function runScript(run: MachineRun, script: string, options: ShellOptions): Promise<ShellResult> {
  const signal = options.signal ?? run.signal;
  const result = await run.guard(run.machine.exec(wordsOf(script), { ...options, signal }));
  return requireSuccess(script.trim(), result);
}

/** @throws GuestCommandFailedError */
export function requireSuccess(command: string, result: GuestResult): ShellResult {
  const told = shellResult(result);
  if (result.exitCode === 0) return told;
  throw new GuestCommandFailedError(command, result, told);
}

/** A string is a script of the shell; an array is run without one. */
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
 * The script with its values as words.
 * @throws InvalidInputError for a value that is neither text nor a number.
 */
export function composeScript({ raw }: TemplateStringsArray, values: readonly ShellValue[]): string {
  return raw
    .map((text, index) => unescape(text) + (index < values.length ? words(values[index], index) : ''))
    .join('');
}

/** Two characters cannot stand in a template without a backslash; all others are as the shell is to read them. */
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
        `the value ${index + 1} in vm.sh`,
        `is ${describe(word)}; it must be text, a number or an array of them`,
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
