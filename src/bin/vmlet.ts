#!/usr/bin/env node
import { readFileSync } from 'node:fs';

const asked = process.argv[2];
if (process.argv.length === 3 && (asked === '--version' || asked === '-V')) {
  // Before anything is loaded: scripts ask this often.
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  process.stdout.write(`${version}\n`);
} else {
  const { main } = await import('../cli/main.ts');
  await main(process.argv.slice(2));
}
