#!/usr/bin/env node
import { readFileSync } from 'node:fs';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const [, , ...args] = process.argv;
if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
  // Before anything is loaded: scripts ask this often.
  process.stdout.write(`${version}\n`);
} else {
  const { main } = await import('../cli/main.ts');
  await main(args, version);
}
