import { rm, stat } from 'node:fs/promises';
import { CommandFailedError, NoSpaceError, ProgramAnswerError } from '../../errors/index.ts';
import { run } from '../../process/run.ts';
import { DISK_STANDSTILL_MS } from '../../process/standstill.ts';
import { unlessMissingAsync } from '../../util/files/unless-missing.ts';

/**
 * Copies a disk's file byte by byte, internal snapshots included. The copy takes no space if the file system supports
 * reflinks, and holes are preserved, unlike with Node's own copy; the cp of an older busybox can do neither.
 * @throws NoSpaceError, CommandFailedError, ProgramAnswerError, StandstillError when nothing is copied for a minute,
 *   or the signal's reason. No partial copy remains.
 */
export async function copyFileSparsely(
  from: string,
  to: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    const { size } = await stat(from);
    await copy(['--reflink=auto', '--sparse=always'], from, to, signal).catch(async (error: unknown) => {
      if (!(error instanceof CommandFailedError) || !/unrecognized option/.test(error.stderr)) throw error;
      await copy([], from, to, signal);
    });
    await requireSize(to, size);
  } catch (error) {
    await rm(to, { force: true });
    if (error instanceof CommandFailedError && /No space left|quota/i.test(error.stderr)) {
      throw new NoSpaceError(`no space left on device: ${to}`, { cause: error });
    }
    throw error;
  }
}

async function copy(
  options: readonly string[],
  from: string,
  to: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await run(['cp', ...options, '--', from, to], { signal, standstillMs: DISK_STANDSTILL_MS });
}

/** @throws ProgramAnswerError for a missing or truncated copy. */
async function requireSize(path: string, bytes: number): Promise<void> {
  const copied = await unlessMissingAsync(stat(path), ['ENOENT']);
  if (copied?.size === bytes) return;
  const has = copied ? `has ${copied.size} bytes` : 'is missing';
  throw new ProgramAnswerError('cp', `${path} ${has}, expected ${bytes} bytes`);
}
