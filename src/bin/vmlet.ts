#!/usr/bin/env node
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { xdgDirectory } from '../util/files/xdg-directory.ts';
import { refusalOf } from '../util/platform.ts';
import { loadCommandFile } from './command-file.ts';

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
  const command = loadCommandFile(join(import.meta.dirname, 'main.cjs'), compiledCodeDirectory());
  await command.main(args, version);
  if (process.exitCode === undefined || process.exitCode === 0) command.keep(verbOf(args));
}

function verbOf(words: readonly string[]): string {
  const word = words.find((one) => !one.startsWith('-')) ?? '';
  return /^[a-z-]{1,20}$/.test(word) ? word : 'other';
}

/** @returns undefined where no private directory is available: the command compiles its code each time. */
function compiledCodeDirectory(): string | undefined {
  const cache = xdgDirectory(process.env, 'XDG_CACHE_HOME', join(homedir(), '.cache'));
  const directory = join(cache, 'vmlet/compiled');
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const { uid, mode } = statSync(directory);
    return uid === process.getuid?.() && (mode & 0o077) === 0 ? directory : undefined;
  } catch {
    // A full or read-only disk.
    return undefined;
  }
}
