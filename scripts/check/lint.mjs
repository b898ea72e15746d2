// Lints the files that an edit can have affected. Typed rules depend on the types that a file imports, so that ESLint's
// own cache, which compares only the file itself, would miss a call that an edit elsewhere has made wrong.
// usage: lint.mjs RECORD BUILDINFO…   (RECORD: what passed earlier; BUILDINFO: as tsc --incremental writes it)
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ESLint } from 'eslint';

const root = join(import.meta.dirname, '../..');
/** Every result depends on these. */
const COMMON = [
  'eslint.config.js',
  'package-lock.json',
  'tsconfig.json',
  'page/tsconfig.json',
  'scripts/check/lint.mjs',
];
/** As eslint.config.js has them: no type can affect these. */
const WITHOUT_TYPES = ['*.js', '*.mjs', '*.cjs', '*/test-hosts'];

const [record, ...buildInfos] = process.argv.slice(2);
const started = Date.now();
const passed = existsSync(record) ? new Set(JSON.parse(readFileSync(record, 'utf8'))) : undefined;
const untyped = listFiles(WITHOUT_TYPES);
const files = [...listFiles(['*.ts', '*.tsx']), ...untyped];

const before = passed === undefined ? new Map() : keys();
const affected = files.filter((path) => !passed?.has(before.get(path)));
const eslint = new ESLint({ cwd: root, warnIgnored: false });
const results = affected.length === 0 ? [] : await eslint.lintFiles(affected);
const failed = new Set(
  results
    .filter(({ errorCount, warningCount }) => errorCount + warningCount > 0)
    .map(({ filePath }) => filePath),
);
remember(passed === undefined ? keys() : before);
if (failed.size > 0) {
  const formatter = await eslint.loadFormatter('stylish');
  process.stdout.write(await formatter.format(results));
  process.exitCode = 1;
}

function listFiles(patterns) {
  return execFileSync('git', ['ls-files', '-zco', '--exclude-standard', ...patterns, ':!examples'], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\0')
    .filter((path) => path !== '' && existsSync(join(root, path)))
    .map((path) => join(root, path));
}

/** Typed files that no build info lists have no key, and are linted each time. */
function remember(current) {
  if (current.size === 0) return;
  const lines = files
    .filter((path) => !failed.has(path) && current.has(path))
    .map((path) => current.get(path));
  mkdirSync(dirname(record), { recursive: true });
  writeFileSync(record, `${JSON.stringify(lines)}\n`);
}

/** @returns for each file a digest of its text and of the declarations of all that it imports, near and far. */
function keys() {
  const found = new Map();
  const common = digest(COMMON.map((path) => readFileSync(join(root, path), 'utf8')));
  // Older than this run: the types failed, or have not been checked. Nothing can be said of any file.
  if (
    buildInfos.some((path) => !existsSync(path) || (passed === undefined && statSync(path).mtimeMs < started))
  )
    return found;
  for (const path of buildInfos) {
    const info = JSON.parse(readFileSync(path, 'utf8'));
    const directory = dirname(path);
    const imports = new Map(info.referencedMap.map(([file, list]) => [file, info.fileIdsList[list - 1]]));
    const shape = info.fileInfos.map((one) => (typeof one === 'string' ? one : one.signature || one.version));
    const globals = info.fileInfos.flatMap((one, at) => (one.affectsGlobalScope ? [shape[at]] : []));
    for (const [at, name] of info.fileNames.entries()) {
      const absolute = resolve(directory, name);
      if (absolute.includes('/node_modules/')) continue;
      const one = info.fileInfos[at];
      const reached = [...reach(at + 1, imports)].map((id) => shape[id - 1]).sort();
      const text = typeof one === 'string' ? one : one.version;
      // The page and the library share files; each has its own compiler options.
      found.set(absolute, digest([found.get(absolute) ?? common, ...globals, text, ...reached]));
    }
  }
  for (const path of untyped) found.set(path, digest([common, readFileSync(path, 'utf8')]));
  return found;
}

function reach(start, imports) {
  const reached = new Set();
  const waiting = [...(imports.get(start) ?? [])];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (reached.has(next)) continue;
    reached.add(next);
    waiting.push(...(imports.get(next) ?? []));
  }
  return reached;
}

function digest(parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex').slice(0, 32);
}
