#!/usr/bin/env node
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import module from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { xdgDirectory } from '../util/files/xdg-directory.ts';
import { refusalOf } from '../util/platform.ts';

/** Missing from the types of Node 20. */
interface CompileCache {
  readonly enableCompileCache?: (directory: string) => unknown;
}

const EXIT_VMLET = 125;

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const [, , ...args] = process.argv;
const refusal = refusalOf(process.platform, process.arch);
if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
  // Answered before anything is loaded: scripts ask for this often.
  process.stdout.write(`${version}\n`);
} else if (refusal !== undefined) {
  process.stderr.write(`vmlet: ${refusal}\n`);
  process.exitCode = EXIT_VMLET;
} else {
  keepCompiledCode();
  const { main } = await import('../cli/main.ts');
  await main(args, version);
}

/**
 * Node 22 and later keep compiled code, which shortens the time to load the command. A user who can write the
 * directory runs code as this user, so it has to be private.
 */
function keepCompiledCode(): void {
  const { enableCompileCache } = module as CompileCache;
  if (!enableCompileCache) return;
  const cache = xdgDirectory(process.env, 'XDG_CACHE_HOME', join(homedir(), '.cache'));
  const directory = join(cache, 'vmlet/compiled');
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const { uid, mode } = statSync(directory);
    if (uid === process.getuid?.() && (mode & 0o077) === 0) enableCompileCache(directory);
  } catch {
    // A full or read-only disk: the command compiles its code each time.
  }
}
