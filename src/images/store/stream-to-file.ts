import { type FileHandle, constants, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory } from '../../util/files/atomic-file.ts';
import { writeFailure } from '../../util/files/write-failure.ts';

/**
 * Writes a stream to a temporary file and renames it, so that the target changes atomically. The leftover of a killed
 * run is overwritten by the next.
 * @param mode permission bits of the file, set before anything is written; 0o644 without the umask by default.
 * @throws NoSpaceError, PermissionError.
 */
export async function streamToFile(
  target: string,
  content: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
  mode?: number,
): Promise<void> {
  const beside = `${target}.new`;
  try {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
    const handle = await open(beside, flags, mode ?? 0o644);
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
    await rm(beside, { force: true });
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
