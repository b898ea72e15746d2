import { linkSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ImageLockedError, PermissionError, isSystemError } from '../../errors/index.ts';
import type { MachineFiles } from '../record/machine-files.ts';
import { removeFile } from '../../util/files/removal.ts';

const PREFIX = 'lent-';

/**
 * Lets a running QEMU open a file that it did not get at its start. A confined QEMU reaches only its own directory: the
 * file gets a second name there, which is removed once QEMU has opened it.
 * @throws PermissionError when the file cannot be linked there, and what `open` throws, with the path of the file.
 */
export async function openLinkedFile<T>(
  { storage }: Pick<MachineFiles, 'storage'>,
  path: string,
  open: (path: string) => Promise<T>,
): Promise<T> {
  try {
    return await open(path);
  } catch (error) {
    if (!(error instanceof PermissionError)) throw error;
    const name = join(storage, `${PREFIX}${process.pid}`);
    link(path, name, error);
    try {
      return await open(name);
    } catch (failure) {
      throw withPath(failure, name, path);
    } finally {
      removeFile(name);
    }
  }
}

/** Removes links of processes that were killed while QEMU opened a file; the caller holds the machine's lock. */
export function removeLinkedFiles({ storage }: Pick<MachineFiles, 'storage'>): void {
  for (const name of readdirSync(storage)) {
    if (name.startsWith(PREFIX)) removeFile(join(storage, name));
  }
}

/** Names the file as the user knows it. */
function withPath(error: unknown, name: string, path: string): unknown {
  if (error instanceof ImageLockedError && error.path === name) {
    return new ImageLockedError(path, error.holders, { hint: error.hint, cause: error });
  }
  if (error instanceof PermissionError && error.message.includes(name)) {
    const message = error.message.replaceAll(name, () => path);
    return new PermissionError(message, { hint: error.hint, cause: error });
  }
  return error;
}

function link(path: string, name: string, cause: PermissionError): void {
  try {
    linkSync(path, name);
  } catch (error) {
    if (!isSystemError(error, 'EXDEV', 'EPERM', 'EACCES', 'EMLINK', 'EOPNOTSUPP')) throw error;
    const why =
      error.code === 'EXDEV' ? 'the file is on another file system' : `link(2) failed: ${error.code ?? ''}`;
    throw new PermissionError(
      `permission denied: ${path} (the running machine can open this file only through a hard link, which vmlet cannot create: ${why})`,
      {
        hint: `stop the machine first, or copy the file to the file system of ${dirname(name)}`,
        cause,
      },
    );
  }
}
