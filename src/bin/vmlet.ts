#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { xdgDirectory } from '../util/files/xdg-directory.ts';
import { refusalOf } from '../util/system/platform.ts';
import { loadFileFor } from './file-for.ts';

const EXIT_VMLET = 125;

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
void main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  const refusal = refusalOf(process.platform, process.arch);
  if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
    // Answered before anything is loaded: scripts ask for this often.
    process.stdout.write(`${version}\n`);
    return;
  }
  if (refusal !== undefined) {
    process.stderr.write(`vmlet: ${refusal}\n`);
    process.exitCode = EXIT_VMLET;
    return;
  }
  const cache = join(xdgDirectory(process.env, 'XDG_CACHE_HOME', join(homedir(), '.cache')), 'vmlet');
  const command = loadFileFor(args, import.meta.dirname, cache);
  const verb = await command.main(args, version);
  if (verb !== undefined) command.keep(verb);
}
