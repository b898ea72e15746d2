import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';

/** The bundled command. */
export interface CommandFile {
  main(args: readonly string[], version: string): Promise<void>;
  /** Saves the code that V8 has compiled so far, for the next command. */
  keep(verb: string): void;
}

type Exports = Pick<CommandFile, 'main'>;

/** Missing from the types of Node 20. */
interface CompileCache {
  readonly enableCompileCache?: (directory: string) => unknown;
}

const DIGEST_BYTES = 32;
const UNUSED_MS = 30 * 24 * 60 * 60 * 1000;
const MAX_VERBS = 100;

/**
 * Loads the command with the code that an earlier one compiled, which halves the time to load it. Node 22 and later do
 * this themselves; for Node 20, which Debian 13 has, it is done here.
 * @param directory private, since a user who can write it runs code as this user; undefined to compile all code.
 */
export function loadCommandFile(path: string, directory: string | undefined): CommandFile {
  const { enableCompileCache } = module as CompileCache;
  if (directory === undefined || enableCompileCache) {
    if (directory !== undefined) enableCompileCache?.(directory);
    const { main } = createRequire(path)(path) as Exports;
    return { main, keep: () => undefined };
  }
  const cache = new CodeCache(path, directory);
  const source = readFileSync(path);
  const kept = cache.read(source);
  const script = new Script(
    `(function(exports,require,module,__filename,__dirname){${source.toString()}\n})`,
    {
      filename: path,
      cachedData: kept?.code,
    },
  );
  const loaded = { exports: {} };
  const run = script.runInThisContext() as (...parts: unknown[]) => void;
  run(loaded.exports, createRequire(path), loaded, path, dirname(path));
  const verbs = script.cachedDataRejected === false && kept ? kept.verbs : [];
  return {
    main: (loaded.exports as Exports).main,
    keep: (verb) => {
      // V8 compiles a function when it is first called, so each verb adds its own.
      if (verbs.includes(verb) || verbs.length >= MAX_VERBS) return;
      cache.write(source, { verbs: [...verbs, verb], code: script.createCachedData() });
    },
  };
}

interface KeptCode {
  /** The verbs whose code is included. */
  readonly verbs: readonly string[];
  readonly code: Buffer;
}

/**
 * A file with a digest, a line of verbs, and V8's code. V8 itself compares only its own version and the length of the
 * source, and crashes where the code is damaged; the digest is over the source and the rest of the file.
 */
class CodeCache {
  readonly #directory: string;
  readonly #path: string;

  constructor(path: string, directory: string) {
    this.#directory = directory;
    // By inode, so that two installations do not replace each other's code.
    this.#path = join(directory, `main-${String(statSync(path).ino)}-${process.version}.code`);
  }

  read(source: Buffer): KeptCode | undefined {
    let bytes: Buffer;
    try {
      bytes = readFileSync(this.#path);
    } catch {
      // There is none yet, or it is unreadable: the code is compiled.
      return undefined;
    }
    const rest = bytes.subarray(DIGEST_BYTES);
    const end = rest.indexOf('\n');
    if (end < 0 || !bytes.subarray(0, DIGEST_BYTES).equals(digest(source, rest))) return undefined;
    return { verbs: rest.toString('utf8', 0, end).split(' '), code: rest.subarray(end + 1) };
  }

  write(source: Buffer, { verbs, code }: KeptCode): void {
    const rest = Buffer.concat([Buffer.from(`${verbs.join(' ')}\n`), code]);
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

  /** Code of other installations and versions, and what killed commands left. */
  #removeUnused(): void {
    for (const name of readdirSync(this.#directory)) {
      const path = join(this.#directory, name);
      if (!/^main-.*\.(code|new)$/.test(name) || path === this.#path) continue;
      const { mtimeMs } = statSync(path);
      if (Date.now() - mtimeMs > UNUSED_MS) unlinkSync(path);
    }
  }
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was not created.
  }
}

function digest(source: Buffer, rest: Buffer): Buffer {
  return createHash('sha256').update(source).update(rest).digest();
}
