import { createHash } from 'node:crypto';
import { type BigIntStats, closeSync, fstatSync, openSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { CODE_DIRECTORY, CODE_EXTENSION } from '../util/files/compiled-code.ts';
import { CodeCache } from './code-cache.ts';
import { FileBytes } from './file-bytes.ts';
import { privateDirectory } from './private-directory.ts';

/** The bundled command, or a part of it. */
export interface CommandFile {
  /** Whether the file has the code for a verb with these words. */
  runs(words: readonly string[]): boolean;
  /** @returns the verb that ran, such as `image ls`; undefined for help and for errors of vmlet. */
  main(args: readonly string[], version: string): Promise<string | undefined>;
  /** Saves the code that V8 has compiled so far, for the next command. */
  keep(verb: string): void;
}

type Exports = Pick<CommandFile, 'main'> & Partial<Pick<CommandFile, 'runs'>>;

/** Missing from the types of Node 20. */
interface CompileCache {
  readonly enableCompileCache?: (directory: string) => unknown;
}

const HEAD = Buffer.from('(function(exports,require,module,__filename,__dirname){');
const TAIL = Buffer.from('\n})');
const MAX_VERBS = 100;

/**
 * Loads the command with the code that earlier ones compiled, which halves the time to load it. Node 22 and later keep
 * code themselves; for Node 20, which Debian 13 has, it is done here.
 * @param cache vmlet's directory for caches; where it does not exist yet, all code is compiled.
 */
export function loadCommandFile(path: string, cache: string): CommandFile {
  const { enableCompileCache } = module as CompileCache;
  const directory = privateDirectory(cache, CODE_DIRECTORY);
  if (directory === undefined || enableCompileCache) {
    if (directory !== undefined) enableCompileCache?.(directory);
    return { runs: () => true, ...(createRequire(path)(path) as Exports), keep: () => undefined };
  }
  const { text, identity } = readSource(path);
  const file = `${placeOf(dirname(path))}-${process.version}-${basename(path, '.cjs')}${CODE_EXTENSION}`;
  const code = new CodeCache(join(directory, file));
  using kept = code.read(identity);
  const script = new Script(text, { filename: path, cachedData: kept?.code });
  const loaded = { exports: {} };
  const run = script.runInThisContext() as (...parts: unknown[]) => void;
  run(loaded.exports, createRequire(path), loaded, path, dirname(path));
  const verbs = script.cachedDataRejected === false && kept ? kept.verbs : [];
  return {
    runs: () => true,
    ...(loaded.exports as Exports),
    keep: (verb) => {
      // V8 compiles a function when it is first called, so each verb adds its own.
      if (verbs.includes(verb) || verbs.length >= MAX_VERBS) return;
      code.write(identity, { verbs: [...verbs, verb], code: script.createCachedData() });
    },
  };
}

/** Reads a file of ASCII, as a function with Node's parameters of a module. V8 then keeps no second copy of its text. */
function readSource(path: string): { readonly text: string; readonly identity: string } {
  const descriptor = openSync(path, 'r');
  try {
    const status = fstatSync(descriptor, { bigint: true });
    using source = new FileBytes(descriptor, Number(status.size), HEAD, TAIL);
    return { text: source.bytes.toString('latin1'), identity: identityOf(status) };
  } finally {
    closeSync(descriptor);
  }
}

/** The kernel changes the last of these with each change of the file. */
function identityOf({ dev, ino, size, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, ctimeNs].join(' ');
}

/** Distinguishes installations; one that is replaced by another release keeps its place. */
function placeOf(directory: string): string {
  return createHash('sha256').update(directory).digest('hex').slice(0, 12);
}
