import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { surveyHost } from '../src/host/probe.ts';
import { locate } from '../src/machine/paths/locations.ts';

const root = join(import.meta.dirname, '..');
const FOLDERS = ['src', 'native', 'page', 'scripts/build'];
const OTHER_INPUTS = ['scripts/build.mjs', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];

/**
 * The command and the guest agent that the tests run are built from the current sources, and the host is probed: the
 * homes of the tests copy the answers (test/e2e/probed-host.ts), which each of them would need seconds for.
 */
export default async function setup(): Promise<void> {
  build();
  await surveyHost({ cacheDirectory: locate(process.env, homedir(), process.getuid?.() ?? 0).cache });
}

function build(): void {
  const built = mtime(join(root, 'dist/bin/vmlet.js'));
  // A folder changes when a file in it is removed.
  const sources = FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true }),
  )
    .map((entry) => mtime(join(entry.parentPath, entry.name)))
    .concat([...FOLDERS, ...OTHER_INPUTS].map((path) => mtime(join(root, path))));
  if (Math.max(...sources) < built) return;
  execFileSync('node', ['scripts/build.mjs'], { cwd: root, stdio: ['ignore', 2, 2] });
}

function mtime(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
