// The command without a build: `npx tsx scripts/vmlet.ts run --dry-run micro`.
import { readFileSync } from 'node:fs';
import { main } from '../src/cli/main.ts';

const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
const { version } = JSON.parse(text) as { version: string };
await main(process.argv.slice(2), version);
