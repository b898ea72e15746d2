import { createHash } from 'node:crypto';
import { renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UNFINISHED_EXTENSION, markUsed, unusedCode } from '../util/files/compiled-code.ts';
import { withOwnFile } from '../util/files/own-entries.ts';
import { FileBytes } from './file-bytes.ts';

export interface KeptCode {
  /** The verbs whose code is included. */
  readonly verbs: readonly string[];
  readonly code: Buffer;
}

/** V8 has its own copy once the script exists. */
type ReadCode = KeptCode & Disposable;

const DIGEST_BYTES = 32;

/**
 * A file with a digest, a line of verbs, and V8's code. V8 itself compares only its own version and the length of the
 * source, and crashes where the code is damaged; the digest is over the rest of the file and the identity of the source,
 * which takes less time than its text.
 */
export class CodeCache {
  readonly #path: string;

  /** @param path in a directory that is private to this user. */
  constructor(path: string) {
    this.#path = path;
  }

  /** @param source differs for each text that the source has had. */
  read(source: string): ReadCode | undefined {
    const file = this.#file();
    if (file === undefined) return undefined;
    const rest = file.bytes.subarray(DIGEST_BYTES);
    const end = rest.indexOf('\n');
    if (end < 0 || !file.bytes.subarray(0, DIGEST_BYTES).equals(digest(source, rest))) return undefined;
    return {
      verbs: rest.toString('utf8', 0, end).split(','),
      code: rest.subarray(end + 1),
      [Symbol.dispose]: () => file[Symbol.dispose](),
    };
  }

  write(source: string, { verbs, code }: KeptCode): void {
    const rest = Buffer.concat([Buffer.from(`${verbs.join(',')}\n`), code]);
    const beside = `${this.#path}.${process.pid}${UNFINISHED_EXTENSION}`;
    try {
      const directory = dirname(this.#path);
      for (const name of unusedCode(directory)) removeQuietly(join(directory, name));
      writeFileSync(beside, Buffer.concat([digest(source, rest), rest]), { mode: 0o600, flag: 'wx' });
      renameSync(beside, this.#path);
    } catch {
      // A full or read-only disk: the next command compiles its code again.
      removeQuietly(beside);
    }
  }

  /** Only of a file that no other user may have written: the code would run as this user. */
  #file(): FileBytes | undefined {
    try {
      const file = withOwnFile(this.#path, (descriptor, size) => new FileBytes(descriptor, size));
      if (file) markUsed(this.#path);
      return file;
    } catch {
      // There is none yet, or it is unreadable: the code is compiled.
      return undefined;
    }
  }
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It does not exist, or cannot be removed: the next command tries again.
  }
}

function digest(source: string, rest: Buffer): Buffer {
  return createHash('sha256').update(source).update(rest).digest();
}
