import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { compiled } from '../../../fixtures/compiled.ts';
import type { Machine } from '../../../src/index.ts';

const SOURCES = join(import.meta.dirname, '../../../fixtures/calls/file-calls');
export const IN_GUEST = '/file-calls';

/** The program that makes file system calls. @returns its path. */
export async function fileCallsProgram(): Promise<string> {
  return compiled(SOURCES, 'file-calls');
}

export async function pushFileCalls(machine: Machine, program: Buffer): Promise<void> {
  await machine.push(program, IN_GUEST, { mode: 0o755 });
}

/** An answer: the line, or the lines of a tree. */
export type Answer = readonly string[];

/** Runs the lines of a script in a directory of the guest, by one command. @returns an answer for each. */
export async function callInGuest(
  machine: Machine,
  directory: string,
  lines: readonly string[],
  timeoutMs: number,
): Promise<Answer[]> {
  const { stdout, stderr, exitCode } = await machine.exec([IN_GUEST, directory], {
    input: scriptOf(lines),
    timeoutMs,
  });
  if (exitCode !== 0) throw new Error(`file-calls ended with ${String(exitCode)}: ${stderr.toString()}`);
  return answersTo(lines, stdout.toString());
}

/** The same on the host. */
export async function callOnHost(
  program: string,
  directory: string,
  lines: readonly string[],
): Promise<Answer[]> {
  const child = spawn(program, [directory], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(scriptOf(lines));
  const closed = once(child, 'close') as Promise<[status: number | null]>;
  const [output, [status]] = await Promise.all([text(child.stdout), closed]);
  if (status !== 0) throw new Error(`file-calls ended with ${String(status)}`);
  return answersTo(lines, output);
}

export function scriptOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

/** @throws Error if the number of answers differs. */
export function answersTo(lines: readonly string[], output: string): Answer[] {
  const printed = output.split('\n');
  let at = 0;
  const answers = lines.map((line) => {
    if (line !== 'tree') return printed.slice(at, ++at);
    const end = printed.indexOf('', at);
    const tree = printed.slice(at, end);
    at = end + 1;
    return tree;
  });
  if (at !== printed.length - 1) throw new Error(`${printed.length - 1} lines answer to ${lines.length}`);
  return answers;
}
