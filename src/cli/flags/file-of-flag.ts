import { isUtf8 } from 'node:buffer';
import { readFileSync, statSync } from 'node:fs';
import { InvalidInputError, isSystemError } from '../../errors/index.ts';

/** What the library takes into a seed; more is not even read. */
const MAX_BYTES = 1024 * 1024;

interface FileHints {
  /** For what cannot be read. */
  readonly missing?: string;
  /** For what is too large. */
  readonly large?: string;
}

/** @throws InvalidInputError that names the flag, for what cannot be read, is too large or is no text. */
export function textOf(path: string, flag: string, hints: FileHints = {}): string {
  const bytes = contentOf(path, flag, hints);
  if (isUtf8(bytes)) return bytes.toString('utf8');
  throw new InvalidInputError(flag, `${path} is no text in UTF-8`);
}

/** @throws InvalidInputError that names the flag, for what cannot be read or is too large. */
export function contentOf(path: string, flag: string, hints: FileHints = {}): Buffer {
  try {
    const { size } = statSync(path);
    if (size > MAX_BYTES) {
      throw new InvalidInputError(flag, `${path} has ${size} bytes; at most ${MAX_BYTES} are taken`, {
        hint: hints.large,
      });
    }
    return readFileSync(path);
  } catch (error) {
    const problem = isSystemError(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG')
      ? 'is not there'
      : isSystemError(error, 'EISDIR')
        ? 'is a directory, and a file was expected'
        : isSystemError(error, 'EACCES')
          ? 'may not be read by this user'
          : undefined;
    if (problem === undefined) throw error;
    throw new InvalidInputError(flag, `${path} ${problem}`, { hint: hints.missing, cause: error });
  }
}
