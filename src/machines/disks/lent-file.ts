import { linkSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PermissionError, isSystemError } from '../../errors/index.ts';
import type { MachineFiles } from '../record/machine-files.ts';
import { removeFile } from '../../util/files/removal.ts';

const PREFIX = 'lent-';

/**
 * Has a running QEMU open a file that was not given to it at its start. Where it is confined it reaches only
 * its own directory, and a second name of the file in there; once the file is open it needs the name no more.
 * @throws PermissionError when there can be no such name, and what `open` throws.
 */
export async function lendFile<T>(
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
    } finally {
      removeFile(name);
    }
  }
}

/** Those of whoever was killed while QEMU opened one; the caller holds the machine's lock. */
export function removeLentFiles({ storage }: Pick<MachineFiles, 'storage'>): void {
  for (const name of readdirSync(storage)) {
    if (name.startsWith(PREFIX)) removeFile(join(storage, name));
  }
}

function link(path: string, name: string, cause: PermissionError): void {
  try {
    linkSync(path, name);
  } catch (error) {
    if (!isSystemError(error, 'EXDEV', 'EPERM', 'EACCES', 'EMLINK', 'EOPNOTSUPP')) throw error;
    const why =
      error.code === 'EXDEV' ? 'it is on another file system' : `link failed with ${error.code ?? ''}`;
    throw new PermissionError(
      `the running QEMU may not open ${path}: it reaches its own directory alone, and the file can have no second name there (${why})`,
      {
        hint: 'give it to the machine while that is stopped, or copy it to the file system of the machine',
        cause,
      },
    );
  }
}
