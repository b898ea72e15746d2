import { isSystemError } from '../../errors/index.ts';

const MISSING = ['ENOENT', 'ENOTDIR'];

/**
 * The result of `look`; undefined where a file or a directory on its path is missing.
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

/** The same for a look that takes time. */
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
