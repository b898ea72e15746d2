import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { CommandFailedError, type ExitStatus, TimedOutError } from '../../errors/index.ts';
import type { Scope } from '../../util/scope.ts';
import { withinLimits } from '../../util/time/deadline.ts';
import { giveUpOrphanedOutput } from '../orphaned-output.ts';
import { exitOf, startProcess } from '../start-process.ts';

/** It answers in milliseconds, and does not wait for the lock. */
const ANSWER_MS = 30_000;
/** For one that holds on after its input has ended. */
const RELEASE_MS = 5000;

export interface FileLock {
  /** The locked file's, for a caller that removes files of that name. */
  readonly inode: number;
  /** A process that has it as its standard input has the lock too, until it closes that. */
  readonly lifeline: Writable;
}

/**
 * Takes an exclusive lock (flock(2), of which Node has none) on a file, made where there is none, and holds it until
 * the scope closes. Undefined when somebody else holds it.
 *
 * `vmlet-keeper lock` holds it, until its standard input ends: when we die, the lock goes with us.
 * @throws CommandFailedError when the file cannot be locked, TimedOutError when the program does not answer,
 *   ProcessStartError.
 */
export async function holdFileLock(
  keeperPath: string,
  path: string,
  scope: Scope,
): Promise<FileLock | undefined> {
  const argv = [keeperPath, 'lock', path] as const;
  const { child: holder } = startProcess(keeperPath, () =>
    spawn(argv[0], argv.slice(1), { stdio: ['pipe', 'pipe', 'ignore'], env: {} }),
  );
  giveUpOrphanedOutput(holder);
  // It does not read its input to the end.
  holder.stdin.on('error', () => undefined);
  const exited = exitOf(holder);
  const release = async (): Promise<ExitStatus> => {
    holder.stdin.destroy();
    holder.stdout.destroy();
    const patience = setTimeout(() => holder.kill('SIGKILL'), RELEASE_MS);
    return exited.finally(() => clearTimeout(patience));
  };
  const answer = firstLine(holder.stdout);
  const line = await withinLimits(`${keeperPath} lock`, answer, { timeoutMs: ANSWER_MS }).catch(
    async (error: unknown) => {
      if (error instanceof TimedOutError) holder.kill('SIGKILL');
      await release();
      throw error;
    },
  );
  const inode = /^held (\d+)\n/.exec(line)?.[1];
  if (inode !== undefined) {
    scope.defer(async () => {
      await release();
    });
    return { inode: Number(inode), lifeline: holder.stdin };
  }
  const status = await release();
  if (line === 'busy\n') return undefined;
  throw new CommandFailedError(argv, status, line.replace(/^failed /, ''));
}

/** Longer than any reason. */
const LONGEST_LINE = 64 * 1024;

/** Up to the first newline, or as much as there is. */
async function firstLine(stream: AsyncIterable<Buffer> & NodeJS.ReadableStream): Promise<string> {
  let text = '';
  return new Promise((resolve) => {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('\n') || text.length > LONGEST_LINE) resolve(text);
    });
    stream.on('close', () => resolve(text));
  });
}
