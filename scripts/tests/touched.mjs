// Which test files belong to the rooms (folders of the code) that a change touches.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const IMPORT = /(?:from|import)\s*\(?\s*'(\.[^']+)'/g;
/** A landing has commits of one session. */
const LANDING_MS = 6 * 60 * 60 * 1000;
/** Tests of these use the built parts, which they do not import. */
const BUILT = [
  [/^test\/e2e\/ui\//, ['page']],
  [/^test\/e2e\/documents/, ['docs', 'README.md']],
];

/** The last commit before those that were made together with the newest one; empty in a shallow clone. */
export function baseOfChange(root) {
  const git = (...words) =>
    execFileSync('git', ['-C', root, '-c', 'safe.directory=*', ...words], { encoding: 'utf8' }).trim();
  const newest = Number(git('log', '-1', '--format=%ct')) * 1000;
  const before = new Date(newest - LANDING_MS).toISOString();
  return git('rev-list', '-1', `--before=${before}`, 'HEAD');
}

/** Also files that are not committed yet. */
export function filesChangedSince(base, root) {
  if (base === '') return [];
  const words = ['-C', root, '-c', 'safe.directory=*', 'diff', '--name-only', base];
  return execFileSync('git', words, { encoding: 'utf8' }).split('\n').filter(Boolean);
}

/** The files among `tests` that a change of these files touches. */
export function testsTouchedBy(changed, tests, root) {
  const rooms = new Set(changed.map(roomOf));
  return tests.filter((test) => {
    const files = filesOf(test, root);
    return changed.some((file) => files.has(file)) || roomsOf(test, files).some((room) => rooms.has(room));
  });
}

/** The test file itself and what it imports, through helpers of tests, to the first file of the code. */
function filesOf(test, root, found = new Set()) {
  if (found.has(test)) return found;
  found.add(test);
  if (!/^(test|fixtures)\//.test(test) || !existsSync(join(root, test))) return found;
  for (const [, path] of readFileSync(join(root, test), 'utf8').matchAll(IMPORT))
    filesOf(normalize(join(dirname(test), path)), root, found);
  return found;
}

/** With the folder that it mirrors. */
function roomsOf(test, files) {
  const mirrored = /^test\/integration\/(.*)\/[^/]+$/.exec(test)?.[1];
  const built = BUILT.filter(([pattern]) => pattern.test(test)).flatMap(([, rooms]) => rooms);
  const own =
    mirrored === undefined ? [] : [mirrored, `src/${mirrored}`].map((folder) => roomOf(`${folder}/file`));
  return [...own, ...built, ...[...files].filter((file) => !/^(test|fixtures)\//.test(file)).map(roomOf)];
}

/** src/machine/launch of src/machine/launch/launch.ts; page of all its files. */
function roomOf(file) {
  const folders = file.split('/').slice(0, -1);
  if (folders.length === 0) return file;
  return folders.slice(0, folders[0] === 'src' ? 3 : folders[0] === 'native' ? 2 : 1).join('/');
}
