import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

export const VMLET = join(import.meta.dirname, '../../dist/bin/vmlet.js');

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

/** Starts the command as a user would, in a separate process. */
export function start(
  args: readonly string[],
  options: { input?: string; env?: NodeJS.ProcessEnv; cwd?: string; command?: string | undefined } = {},
): Started {
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
    child.once('close', (status, signal) =>
      resolve({ status: status ?? undefined, signal: signal ?? undefined, ...output }),
    );
  });
  return { process: child, finished, stderr: () => output.stderr, stdout: () => output.stdout };
}

export async function vmlet(...args: string[]): Promise<Finished> {
  return start(args).finished;
}

/** Repeats until there is an answer; the test’s own time limit applies. */
export async function until<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
