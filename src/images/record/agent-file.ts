import { readFile } from 'node:fs/promises';
import { ImageBuildError, isSystemError } from '../../errors/index.ts';

/** @throws ImageBuildError where it is not there, which names what mends that. */
export async function readAgent(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES')) throw error;
    throw new ImageBuildError(`the guest agent is missing: ${path} cannot be read`, {
      hint: 'In a source tree: npm run build. In an installation: install vmlet again.',
      cause: error,
    });
  }
}
