import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory } from '../../util/files/atomic-file.ts';
import { writeFailure } from '../../util/files/write-failure.ts';

/**
 * Writes a stream to a new file beside the target and renames it, so that the target changes atomically. Its name cannot
 * be guessed, and no existing file is overwritten. A killed run leaves it behind.
 * @param mode permission bits of the file, set before anything is written; 0o644 without the umask by default.
 * @throws NoSpaceError, PermissionError.
 */
export async function streamToFile(
  target: string,
  content: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
  mode?: number,
): Promise<void> {
  const beside = `${target}.${randomBytes(6).toString('hex')}.new`;
  let created = false;
  try {
    const handle = await open(beside, 'wx', mode ?? 0o644);
    created = true;
    try {
      if (mode !== undefined) await handle.chmod(mode);
      await writeAll(handle, content, signal);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, target);
    syncDirectory(dirname(target));
  } catch (error) {
    if (created) await rm(beside, { force: true });
    throw writeFailure(error, target);
  }
}

async function writeAll(
  handle: FileHandle,
  content: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  for await (const chunk of content) {
    signal?.throwIfAborted();
    await handle.writeFile(chunk);
  }
  signal?.throwIfAborted();
}
