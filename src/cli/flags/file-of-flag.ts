import { isUtf8 } from 'node:buffer';
import { readFileSync, statSync } from 'node:fs';
import { InvalidInputError, isSystemError } from '../../errors/index.ts';

/** The library's limit for a file in a seed; larger files are not read. */
const MAX_BYTES = 1024 * 1024;

interface FileHints {
  /** For a file that cannot be read. */
  readonly missing?: string;
  /** For a file that is too large. */
  readonly large?: string;
}

/** @throws InvalidInputError that names the flag, for a file that is unreadable, too large or not text. */
export function textOf(path: string, flag: string, hints: FileHints = {}): string {
  const bytes = contentOf(path, flag, hints);
  if (isUtf8(bytes)) return bytes.toString('utf8');
  throw new InvalidInputError(flag, `${path} is not UTF-8 text`, {
    hint: 'convert the file to UTF-8, or give another file',
  });
}

/** @throws InvalidInputError that names the flag, for a file that is unreadable or too large. */
export function contentOf(path: string, flag: string, hints: FileHints = {}): Buffer {
  try {
    const { size } = statSync(path);
    if (size > MAX_BYTES) {
      throw new InvalidInputError(
        flag,
        `${path} is too large: ${size} bytes; the maximum is ${MAX_BYTES} bytes`,
        {
          hint: hints.large ?? 'give a smaller file',
        },
      );
    }
    return readFileSync(path);
  } catch (error) {
    const problem = isSystemError(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG')
      ? `no such file: ${path}`
      : isSystemError(error, 'EISDIR')
        ? `${path} is a directory; expected a file`
        : isSystemError(error, 'EACCES')
          ? `permission denied: ${path}`
          : undefined;
    if (problem === undefined) throw error;
    const hint = isSystemError(error, 'EACCES')
      ? 'check the owner and the permissions of this path'
      : hints.missing;
    throw new InvalidInputError(flag, problem, { hint, cause: error });
  }
}
