import { readFile } from 'node:fs/promises';
import { ImageBuildError, isSystemError } from '../../errors/index.ts';

/** Reads the guest agent's executable. @throws ImageBuildError for a missing one, with a hint how to get it. */
export async function readAgent(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES')) throw error;
    throw new ImageBuildError(`cannot read the program of the guest agent: ${path}`, {
      hint: 'reinstall vmlet, or, in a source tree, run: npm run build',
      cause: error,
    });
  }
}
