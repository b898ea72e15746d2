import { open } from 'node:fs/promises';
import { CommandFailedError, NoSpaceError } from '../../errors/index.ts';
import { run } from '../../process/run.ts';
import { writeFailure } from '../../util/files/write-failure.ts';

export interface Ext4FileOptions {
  /** Path of the new file. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly label: string;
  /** Owner of the root directory; root by default. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  readonly signal: AbortSignal | undefined;
}

/**
 * Creates a file with an ext4 file system, which takes only the space that was written.
 * @throws NoSpaceError, PermissionError, CommandFailedError, or the signal's reason. A partial file remains.
 */
export async function makeExt4File(
  mke2fs: string,
  { path, sizeBytes, label, owner = { uid: 0, gid: 0 }, signal }: Ext4FileOptions,
): Promise<void> {
  // The file is all zeros; writing tables on demand keeps it small.
  const extended = [
    'nodiscard',
    'assume_storage_prezeroed=1',
    'lazy_itable_init=1',
    `root_owner=${owner.uid}:${owner.gid}`,
  ].join(',');
  try {
    const empty = await open(path, 'wx', 0o600);
    await empty.truncate(sizeBytes).finally(async () => empty.close());
    await run([mke2fs, '-q', '-F', '-t', 'ext4', '-L', label, '-m', '0', '-E', extended, path], { signal });
  } catch (error) {
    if (isOutOfSpace(error)) throw new NoSpaceError(`no space left on device: ${path}`, { cause: error });
    throw writeFailure(error, path);
  }
}

function isOutOfSpace(error: unknown): boolean {
  return (
    error instanceof CommandFailedError && /No space left on device|Disk quota exceeded/.test(error.stderr)
  );
}
