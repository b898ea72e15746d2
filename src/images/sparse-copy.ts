import { rm } from 'node:fs/promises';
import { CommandFailedError, NoSpaceError } from '../errors.ts';
import { run } from '../process/run.ts';

/**
 * Copies a disk's file as it is, internal snapshots included. Where the file system shares blocks the copy takes no
 * room; holes stay holes. Node's own copy fills them.
 * @throws NoSpaceError, CommandFailedError, or the signal's reason; no part of the copy stays.
 */
export async function copyFileSparsely(
  from: string,
  to: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await run(['cp', '--reflink=auto', '--sparse=always', '--', from, to], { signal });
  } catch (error) {
    await rm(to, { force: true });
    if (error instanceof CommandFailedError && /No space left|quota/i.test(error.stderr)) {
      throw new NoSpaceError(`there is no room for a copy of ${from} at ${to}`, { cause: error });
    }
    throw error;
  }
}
