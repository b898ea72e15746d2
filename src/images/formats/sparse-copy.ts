import { rm, stat } from 'node:fs/promises';
import { CommandFailedError, NoSpaceError, ProgramAnswerError, isSystemError } from '../../errors/index.ts';
import { run } from '../../process/run.ts';
import { DISK_STANDSTILL_MS } from '../../process/standstill.ts';

/**
 * Copies a disk's file as it is, internal snapshots included. Where the file system shares blocks the copy takes no
 * room; holes stay holes. Node's own copy fills them.
 * @throws NoSpaceError, CommandFailedError, ProgramAnswerError, StandstillError when nothing is copied for a minute, or the signal's reason; no part of the copy stays.
 */
export async function copyFileSparsely(
  from: string,
  to: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    const { size } = await stat(from);
    const argv = ['cp', '--reflink=auto', '--sparse=always', '--', from, to] as const;
    await run(argv, { signal, standstillMs: DISK_STANDSTILL_MS });
    await requireSize(to, size);
  } catch (error) {
    await rm(to, { force: true });
    if (error instanceof CommandFailedError && /No space left|quota/i.test(error.stderr)) {
      throw new NoSpaceError(`there is no room for a copy of ${from} at ${to}`, { cause: error });
    }
    throw error;
  }
}

/** @throws ProgramAnswerError for a copy that is not there, or has lost its end. */
async function requireSize(path: string, bytes: number): Promise<void> {
  const copied = await stat(path).catch((error: unknown) => {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (copied?.size === bytes) return;
  const has = copied ? `has ${copied.size} bytes` : 'is not there';
  throw new ProgramAnswerError('cp', `${path} ${has}, where ${bytes} were to be copied`);
}
