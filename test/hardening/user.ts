import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { lchownSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const start = promisify(execFile);

/** A user who may run programs on this host. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Unused ids on this host; a user needs no account to run programs. */
export const VICTIM: User = { uid: 54_321, gid: 54_321 };
export const STRANGER: User = { uid: 54_322, gid: 54_322 };

/** The reason why this process cannot act for another user, or undefined. */
export async function whyNoOtherUser(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'only root can act for another user';
  try {
    await runAs(STRANGER, [
      process.execPath,
      join(import.meta.dirname, '../../dist/bin/vmlet.js'),
      '--version',
    ]);
    return undefined;
  } catch (error) {
    return `another user cannot run vmlet from here: ${(error as Error).message}`;
  }
}

/** Runs a program to its end; rejects if it fails. */
export async function runAs(
  user: User | undefined,
  argv: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): Promise<{ stdout: string; stderr: string }> {
  const [program, ...rest] = [...becoming(user), ...argv];
  const started = start(program!, rest, { env: environment, maxBuffer: 64 * 1024 * 1024 });
  // Through QEMU's agent, `vmlet exec` waits for the end of its input.
  started.child.stdin?.end();
  return started;
}

/**
 * Starts a script of this checkout. Its stderr is this process’s.
 * @param before the words before its command, such as those of `becoming`.
 */
export function spawnScript(
  before: readonly string[],
  script: string,
  words: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): ChildProcess {
  const argv = [process.execPath, '--import', import.meta.resolve('tsx'), script, ...words];
  const [program, ...rest] = [...before, ...argv];
  // tsx would leave a cache in the temporary directory.
  const env = { ...environment, TSX_DISABLE_CACHE: '1' };
  return spawn(program!, rest, { env, stdio: ['pipe', 'pipe', 'inherit'] });
}

/** The words before a command that make it the user's. */
export function becoming(user: User | undefined): string[] {
  if (!user) return [];
  return ['setpriv', '--reuid', String(user.uid), '--regid', String(user.gid), '--clear-groups'];
}

/** All entries, without the targets of links. */
export function giveTo(user: User | undefined, path: string): void {
  if (!user) return;
  if (lstatSync(path).isDirectory()) for (const name of readdirSync(path)) giveTo(user, join(path, name));
  lchownSync(path, user.uid, user.gid);
}
