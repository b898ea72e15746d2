// The part of the built package that checks of its interface read: its description, the names of its files, declarations
// with their comments, and the programs and modules that users load first. Most edits do not change it.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const DESCRIPTIONS = [
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'scripts/generate/reference.mjs',
];

/** Returns the digest of the package that has been built in `root`; undefined if it is not there, or being replaced. */
export function packageDigest(root) {
  try {
    const entries = entriesOf(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
    const built = readdirSync(join(root, 'dist'), { recursive: true }).map((name) => `dist/${name}`);
    const hash = createHash('sha256');
    for (const name of [...DESCRIPTIONS, ...built.sort()]) {
      hash.update(`${name}\0`);
      const isRead = !name.startsWith('dist/') || /\.d\.ts$|\/package\.json$/.test(name) || entries.has(name);
      if (isRead) hash.update(readFileSync(join(root, name)));
    }
    return hash.digest('hex');
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  }
}

/** Returns the files that `bin` and `exports` name, without `./`. */
function entriesOf(description) {
  const files = (value) => (typeof value === 'string' ? [value] : Object.values(value ?? {}).flatMap(files));
  return new Set(
    [...files(description.bin), ...files(description.exports)].map((path) => path.replace(/^\.\//, '')),
  );
}
