import { readFile, stat } from 'node:fs/promises';
import { ImageBuildError, isSystemError } from '../../errors/index.ts';
import { sha256 } from '../digest/sha256.ts';

/** Reads the guest agent's executable. @throws ImageBuildError for a missing one, with a hint how to get it. */
export async function readAgent(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw explained(error, path);
  }
}

interface Digested {
  readonly file: string;
  readonly digest: string;
}

let digested: Digested | undefined;

/**
 * Returns the digest of the guest agent's executable, of 1 MB. A launch needs it twice; the file is only read again when it
 * has changed.
 * @throws as `readAgent`.
 */
export async function digestOfAgent(path: string): Promise<string> {
  const file = await identityOf(path);
  if (digested?.file !== file) digested = { file, digest: sha256(await readAgent(path)) };
  return digested.digest;
}

/** The kernel changes the last of these with each change of the file. */
async function identityOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, ctimeNs } = await stat(path, { bigint: true });
    return [path, dev, ino, size, ctimeNs].join(' ');
  } catch (error) {
    throw explained(error, path);
  }
}

function explained(error: unknown, path: string): unknown {
  if (!isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return error;
  return new ImageBuildError(`cannot read the program of the guest agent: ${path}`, {
    hint: 'reinstall vmlet, or, in a source tree, run: npm run build',
    cause: error,
  });
}
