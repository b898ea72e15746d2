// Folders of code and tests have a limited number of entries. A folder of code has a README.md, and imports only the
// siblings that it lists.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const MOST_ENTRIES = 18;
const MOST_LINES = 15;
/** Folders without a README: their files are read by programs (files for new systems, keys, completion scripts). */
const DATA =
  /^src\/(images\/build\/(common|debian|fedora)|images\/catalogue\/keys|cli\/completion\/scripts)(\/|$)/;
/** Images, and the inputs of each fuzzing target. */
const MANY_FILES = ['fixtures/images/hostile/files', 'fixtures/fuzz/corpus'];
/** Their folders are those of src, or of native/, page/ and scripts/. */
const MIRRORS = ['test/unit', 'test/integration'];
/** Tests of what is elsewhere: the documents, and test/hardening. */
const NO_MIRROR = ['test/unit/documents', 'test/unit/hardening', 'test/integration/hardening'];
const IMPORT = /(?:from|import)\s*\(?\s*'(\.[^']+)'/g;
const root = join(import.meta.dirname, '../..');

const problems = [
  ...['src', 'native', 'page'].flatMap(check),
  ...['test', 'fixtures', 'scripts'].flatMap(tooManyEntries),
  ...MIRRORS.flatMap((mirror) => foldersIn(mirror, entriesOf(mirror)).flatMap(mirrorsNothing)),
];
for (const problem of problems) process.stderr.write(`${problem}\n`);
if (problems.length > 0) process.exitCode = 1;

function check(folder) {
  if (DATA.test(folder)) return [];
  const entries = entriesOf(folder);
  const found = [
    ...foldersIn(folder, entries).flatMap(check),
    ...(entries.length > MOST_ENTRIES ? [tooMany(folder, entries)] : []),
  ];
  const page = join(root, folder, 'README.md');
  if (!existsSync(page)) return [...found, `${folder} has no README.md`];
  const text = readFileSync(page, 'utf8');
  const lines = text.trimEnd().split('\n').length;
  if (lines > MOST_LINES) found.push(`${folder}/README.md has ${lines} lines, ${MOST_LINES} at most`);
  return [...found, ...namesNoFile(folder, text), ...importsOtherwise(folder, text, entries)];
}

/** The same limit without a README.md. */
function tooManyEntries(folder) {
  if (MANY_FILES.includes(folder)) return [];
  const entries = entriesOf(folder);
  const found = foldersIn(folder, entries).flatMap(tooManyEntries);
  return entries.length > MOST_ENTRIES ? [...found, tooMany(folder, entries)] : found;
}

function mirrorsNothing(folder) {
  if (NO_MIRROR.includes(folder)) return [];
  const subject = folder.split('/').slice(2).join('/');
  const mirrored = /^(native|page|scripts)(\/|$)/.test(subject) ? subject : `src/${subject}`;
  const found = foldersIn(folder, entriesOf(folder)).flatMap(mirrorsNothing);
  if (existsSync(join(root, mirrored))) return found;
  return [`${folder} mirrors no folder of the code`, ...found];
}

/** Without what vitest makes in a project of tests. */
function entriesOf(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).filter(
    ({ name }) => name !== 'node_modules',
  );
}

function foldersIn(folder, entries) {
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => `${folder}/${name}`);
}

function tooMany(folder, entries) {
  return `${folder} has ${entries.length} entries, ${MOST_ENTRIES} at most`;
}

function namesNoFile(folder, text) {
  return [...text.matchAll(/`([\w./-]+\.(?:ts|c|h|S|yaml|md|mk))`/g)]
    .map(([, path]) => path)
    .filter((path) => !existsSync(join(root, folder, path)) && !existsSync(join(root, path)))
    .map((path) => `${folder}/README.md names ${path}, which is not there`);
}

/** For example "- Imports of `machine`: `machine/plan`, `machine/spec`." */
function importsOtherwise(folder, text, entries) {
  const line = /^- Imports of `([\w-]+)`: (.*)\.$/m.exec(text);
  const whole = line?.[1] ?? /^src\/([\w-]+)\/./.exec(folder)?.[1];
  if (whole === undefined) return [];
  const said = [...(line?.[2] ?? '').matchAll(/`([^`]+)`/g)].map(([, path]) => path);
  const used = new Set(
    entries
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .flatMap(({ name }) => [...readFileSync(join(root, folder, name), 'utf8').matchAll(IMPORT)])
      .map(([, path]) => dirname(normalize(join(folder, path))).replace(/^src\//, ''))
      .filter((path) => path === whole || path.startsWith(`${whole}/`))
      .filter((path) => `src/${path}` !== folder),
  );
  const wrong = [...used]
    .filter((path) => !said.includes(path))
    .map((path) => `imports ${path}, and its page does not say so`);
  const gone = said
    .filter((path) => !used.has(path))
    .map((path) => `does not import ${path}, as its page says`);
  return [...wrong, ...gone].map((problem) => `${folder} ${problem}`);
}
