import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** The command and the guest agent that the tests run are built from the current sources. */
export default function setup(): void {
  const built = mtime(join(root, 'dist/bin/vmlet.js'));
  const sources = ['src', 'native', 'page']
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => mtime(join(entry.parentPath, entry.name)));
  if (Math.max(...sources) < built) return;
  execFileSync('node', ['scripts/build.mjs'], { cwd: root, stdio: ['ignore', 2, 2] });
}

function mtime(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
