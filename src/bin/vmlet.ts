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
  // Answered before anything is loaded: scripts ask for this often.
  process.stdout.write(`${version}\n`);
} else if (refusal !== undefined) {
  process.stderr.write(`vmlet: ${refusal}\n`);
  process.exitCode = EXIT_VMLET;
} else {
  if (mayOpenFewFiles()) await loadOneByOne();
  const { main } = await import('../cli/main.ts');
  await main(args, version);
}

/** Node opens all files that a module imports at the same time: about a hundred. */
function mayOpenFewFiles(): boolean {
  const ENOUGH = 256;
  // Node has already raised the soft limit to the hard one.
  const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return limit !== undefined && Number(limit) < ENOUGH;
}

/** The build lists chunks so that each comes after its imports. */
async function loadOneByOne(): Promise<void> {
  const names = JSON.parse(readFileSync(new URL('chunks.json', import.meta.url), 'utf8')) as string[];
  for (const name of names) await import(new URL(name, import.meta.url).href);
}
