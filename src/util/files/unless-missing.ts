import { isSystemError } from '../../errors/index.ts';

const MISSING = ['ENOENT', 'ENOTDIR'];
/** A path that a user or an archive names may also lead through a loop of links, or be too long. */
export const NO_SUCH_FILE = [...MISSING, 'ELOOP', 'ENAMETOOLONG'];

/**
 * Returns the result of `look`; undefined if a file or a directory on its path is missing.
 * @param codes the errors that count as missing.
 */
export function unlessMissing<T>(look: () => T, codes: readonly string[] = MISSING): T | undefined {
  try {
    return look();
  } catch (error) {
    if (isSystemError(error, ...codes)) return undefined;
    throw error;
  }
}

/** The asynchronous variant. */
export async function unlessMissingAsync<T>(
  look: Promise<T>,
  codes: readonly string[] = MISSING,
): Promise<T | undefined> {
  try {
    return await look;
  } catch (error) {
    if (isSystemError(error, ...codes)) return undefined;
    throw error;
  }
}
