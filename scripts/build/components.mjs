// Prints the SPDX list of the components of vmlet. `npm sbom --omit dev` omits packages that a development tool needs
// too, so this runs it on a package without the tools.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import tmp from 'tmp';

const root = join(import.meta.dirname, '../..');
const read = (name) => JSON.parse(readFileSync(join(root, name), 'utf8'));
const withoutTools = ({
  devDependencies: _devDependencies,
  peerDependencies: _peerDependencies,
  peerDependenciesMeta: _peerDependenciesMeta,
  ...rest
}) => rest;

const lock = read('package-lock.json');
const installed = Object.entries(lock.packages).filter(
  ([, { dev, devOptional, peer }]) => !dev && !devOptional && !peer,
);
const { name: directory, removeCallback } = tmp.dirSync({ unsafeCleanup: true });
try {
  const packages = Object.fromEntries(
    installed.map(([folder, entry]) => [folder, folder === '' ? withoutTools(entry) : entry]),
  );
  writeFileSync(join(directory, 'package.json'), JSON.stringify(withoutTools(read('package.json'))));
  writeFileSync(join(directory, 'package-lock.json'), JSON.stringify({ ...lock, packages }));
  process.stdout.write(
    execFileSync('npm', ['sbom', '--sbom-format', 'spdx', '--package-lock-only'], { cwd: directory }),
  );
} finally {
  removeCallback();
}
