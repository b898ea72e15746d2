import { createHash } from 'node:crypto';
import { readdirSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readOwnFile } from '../util/files/own-entries.ts';

export interface KeptCode {
  /** The verbs whose code is included. */
  readonly verbs: readonly string[];
  readonly code: Buffer;
}

const DIGEST_BYTES = 32;
const UNUSED_MS = 30 * 24 * 60 * 60 * 1000;

/**
 * A file with a digest, a line of verbs, and V8's code. V8 itself compares only its own version and the length of the
 * source, and crashes where the code is damaged; the digest is over the rest of the file and the identity of the source,
 * which takes less time than its text.
 */
export class CodeCache {
  readonly #directory: string;
  readonly #installation: string;
  readonly #path: string;

  /**
   * @param directory private to this user.
   * @param installation common to all of its files.
   * @param word names one of them; the verbs in it can be several.
   */
  constructor(directory: string, installation: string, word: string) {
    this.#directory = directory;
    this.#installation = installation;
    this.#path = join(directory, `${installation}-${word}.code`);
  }

  /** @param source differs for each text that the source has had. */
  read(source: string): KeptCode | undefined {
    const bytes = this.#bytes();
    if (bytes === undefined) return undefined;
    const rest = bytes.subarray(DIGEST_BYTES);
    const end = rest.indexOf('\n');
    if (end < 0 || !bytes.subarray(0, DIGEST_BYTES).equals(digest(source, rest))) return undefined;
    return { verbs: rest.toString('utf8', 0, end).split(','), code: rest.subarray(end + 1) };
  }

  write(source: string, { verbs, code }: KeptCode): void {
    const rest = Buffer.concat([Buffer.from(`${verbs.join(',')}\n`), code]);
    const beside = `${this.#path}.${process.pid}.new`;
    try {
      this.#removeUnused();
      writeFileSync(beside, Buffer.concat([digest(source, rest), rest]), { mode: 0o600, flag: 'wx' });
      renameSync(beside, this.#path);
    } catch {
      // A full or read-only disk: the next command compiles its code again.
      removeQuietly(beside);
    }
  }

  /** Only of a file that no other user may have written: the code would run as this user. */
  #bytes(): Buffer | undefined {
    try {
      return readOwnFile(this.#path);
    } catch {
      // There is none yet, or it is unreadable: the code is compiled.
      return undefined;
    }
  }

  /** Code of other installations and versions, and what killed commands left. */
  #removeUnused(): void {
    for (const name of readdirSync(this.#directory)) {
      const path = join(this.#directory, name);
      if (!/\.(code|new)$/.test(name) || this.#isOwn(name)) continue;
      const found = statSync(path, { throwIfNoEntry: false });
      if (found && Date.now() - found.mtimeMs > UNUSED_MS) removeQuietly(path);
    }
  }

  #isOwn(name: string): boolean {
    return name.startsWith(`${this.#installation}-`) && name.endsWith('.code');
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
