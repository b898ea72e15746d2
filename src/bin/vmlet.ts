#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { refusalOf } from '../util/platform.ts';

const EXIT_VMLET = 125;

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const [, , ...args] = process.argv;
const refusal = refusalOf(process.platform, process.arch);
if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
  // Before anything is loaded: scripts ask this often.
  process.stdout.write(`${version}\n`);
} else if (refusal !== undefined) {
  process.stderr.write(`vmlet: ${refusal}\n`);
  process.exitCode = EXIT_VMLET;
} else {
  const { main } = await import('../cli/main.ts');
  await main(args, version);
}
