// AGENTS.md has a line for each source file, and no line for a file that is not there.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const sources = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
  .sort();
const listed = [...readFileSync(join(root, 'AGENTS.md'), 'utf8').matchAll(/^\| `(src\/[^`]+)` \|/gm)].map(
  (match) => match[1],
);

const missing = sources.filter((source) => !listed.includes(source));
const stale = listed.filter((line) => !sources.includes(line));
for (const path of missing) process.stderr.write(`AGENTS.md has no line for ${path}\n`);
for (const path of stale) process.stderr.write(`AGENTS.md has a line for ${path}, which is not there\n`);
if (missing.length + stale.length > 0) process.exitCode = 1;
