import { type ChildProcess, spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { TestRunner, onTestFailed } from 'vitest';
import { ownLocations } from '../../src/machine/paths/own-locations.ts';

export const VMLET = join(import.meta.dirname, '../../dist/bin/vmlet.js');
const COMMAND_FILE = join(import.meta.dirname, '../../dist/bin/main.cjs');

export interface Finished {
  readonly status: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly process: ChildProcess;
  readonly finished: Promise<Finished>;
  /** Its output on stderr so far. */
  stderr(): string;
  stdout(): string;
}

const MOST_PRINTED = 5;
const MOST_CHARACTERS = 4000;
/** By the test. */
const ended = new WeakMap<object, string[]>();

/** Prints the last commands of the current test if it fails: the comparison of one stream does not show the other. */
function commandsOfTest(): string[] {
  const test = TestRunner.getCurrentTest();
  if (test === undefined) return [];
  const known = ended.get(test);
  if (known !== undefined) return known;
  const commands: string[] = [];
  ended.set(test, commands);
  onTestFailed(() => {
    for (const command of commands.slice(-MOST_PRINTED)) console.error(command);
  });
  return commands;
}

function describe(args: readonly string[], { status, signal, stdout, stderr }: Finished): string {
  const part = (name: string, text: string): string =>
    text === '' ? '' : `\n--- ${name}\n${text.slice(-MOST_CHARACTERS)}`;
  return `vmlet ${args.join(' ')}: ${signal ?? status}${part('stdout', stdout)}${part('stderr', stderr)}`;
}

/** Starts the command as a user would, in a separate process. If the test fails, it is printed with its output. */
export function start(
  args: readonly string[],
  options: { input?: string; env?: NodeJS.ProcessEnv; cwd?: string; command?: string | undefined } = {},
): Started {
  const commands = commandsOfTest();
  const child = spawn(process.execPath, [options.command ?? VMLET, ...args], {
    stdio: 'pipe',
    cwd: options.cwd,
    env: { ...process.env, NO_COLOR: '1', ...options.env },
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const finished = new Promise<Finished>((resolve) => {
    child.once('close', (status, signal) => {
      const finished = { status: status ?? undefined, signal: signal ?? undefined, ...output };
      commands.push(describe(args, finished));
      resolve(finished);
    });
  });
  return { process: child, finished, stderr: () => output.stderr, stdout: () => output.stdout };
}

/** V8's code of the command, by Node 20; later versions of Node keep it in another form, which is not copied. */
const COMPILED = /^[0-9a-f]+-v[\d.]+-[a-z-]+\.code$/;
const DIGEST_BYTES = 32;

/**
 * Copies the code that earlier commands of this run compiled: each home would compile it anew for each verb.
 * @param own vmlet's directory in another cache.
 */
export function copyCompiledCode(own: string): void {
  copyCode(join(ownLocations().cache, 'compiled'), join(own, 'compiled'));
}

/** Copies it back if it has more verbs, or is of this build and the other is not. */
export function returnCompiledCode(own: string): void {
  copyCode(join(own, 'compiled'), join(ownLocations().cache, 'compiled'));
}

/** Files that run in parallel share the run's cache: a reader sees the old file or the new one. */
function copyCode(from: string, to: string): void {
  const names = existsSync(from) ? readdirSync(from).filter((name) => COMPILED.test(name)) : [];
  for (const name of names) {
    const [source, target] = [join(from, name), join(to, name)];
    if (countVerbs(source) <= countVerbs(target)) continue;
    mkdirSync(to, { recursive: true, mode: 0o700 });
    const beside = `${target}.${process.pid}.new`;
    copyFileSync(source, beside);
    renameSync(beside, target);
  }
}

function countVerbs(path: string): number {
  // Code of an earlier build is not used.
  if (!existsSync(path) || statSync(path).mtimeMs < statSync(COMMAND_FILE).ctimeMs) return 0;
  const [verbs = ''] = readFileSync(path).toString('latin1', DIGEST_BYTES, 10_000).split('\n', 1);
  return verbs.split(',').length;
}

export async function vmlet(...args: string[]): Promise<Finished> {
  return start(args).finished;
}
