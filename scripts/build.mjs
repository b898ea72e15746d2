// Builds dist/: the library by TypeScript, the command by esbuild, the page by Vite, the C programs by make.
// node_modules/.cache/build keeps the results, so that a second build only does the work that has changed.
import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { buildCommandFiles } from './build/command-files.mjs';
import { bundledPackages, licenceTexts } from './build/licences.mjs';
import { buildPage } from './build/page.mjs';
import { removeUnpublished } from './build/published-modules.mjs';

const root = join(import.meta.dirname, '..');
const packageJson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const cache = join(root, 'node_modules/.cache/build');
// Concurrent builds share the cache, so the second one waits.
if (process.env.VMLET_BUILD_LOCKED !== '1') {
  mkdirSync(cache, { recursive: true });
  execFileSync('flock', [join(cache, 'lock'), process.execPath, import.meta.filename], {
    stdio: 'inherit',
    env: { ...process.env, VMLET_BUILD_LOCKED: '1' },
  });
  process.exit();
}
const finished = join(root, 'dist');
// A failed build leaves dist/ unchanged.
const dist = `${finished}.${process.pid}.new`;
process.once('exit', () => rmSync(dist, { recursive: true, force: true }));

rmSync(dist, { recursive: true, force: true });
const library = join(cache, 'library');
const buildInfo = join(cache, 'library.json');
const compiler = join(root, 'scripts/build/library.mjs');
// Without its outputs, or with those of another compiler, TypeScript must not believe its build information.
if (!existsSync(library) || mtime(buildInfo) < mtime(compiler)) rmSync(buildInfo, { force: true });
const PROGRAMS = [
  ['native/agent', 'guest-agent/vmlet-agent'],
  ['native/keeper', 'keeper/vmlet-keeper'],
  ['native/confine', 'confine-program/vmlet-confine'],
  ['native/switch', 'network-switch/vmlet-switch'],
  ['native/plug', 'network-switch/vmlet-plug'],
  ['native/relay', 'relay/vmlet-relay'],
];
// All of them end before the build does, also when one fails.
const results = await Promise.allSettled([
  run(process.execPath, [compiler, library, buildInfo]),
  buildPage(join(cache, 'page')),
  ...PROGRAMS.map(async ([sources, program]) => make(sources, program)),
]);
const failed = results.find(({ status }) => status === 'rejected');
if (failed !== undefined) throw failed.reason;
removeOutputsWithoutSource(library);
cpSync(library, dist, { recursive: true });
rewriteLazyImports(dist);
cpSync(join(cache, 'page'), join(dist, 'page'), { recursive: true });
for (const [, program] of PROGRAMS) {
  mkdirSync(dirname(join(dist, program)), { recursive: true });
  cpSync(join(cache, program), join(dist, program));
}

async function writeManPages() {
  const { VERBS } = await import(join(dist, 'cli/commands.js'));
  const { programFor } = await import(join(dist, 'cli/program.js'));
  const { manPages } = await import(join(dist, 'cli/help/man-pages.js'));
  mkdirSync(join(dist, 'man'));
  const pages = await manPages(Object.keys(VERBS), (args) => programFor(args, packageJson.version));
  for (const [name, page] of pages) writeFileSync(join(dist, 'man', name), page);
}

async function writeOpenApi() {
  const { openApiDocument } = await import(join(dist, 'cli/server/openapi/document.js'));
  writeFileSync(join(dist, 'openapi.json'), JSON.stringify(openApiDocument(packageJson.version)));
}

async function make(sources, program) {
  await run('make', ['--no-print-directory', '--silent', '-C', sources, `OUT=${join(cache, program)}`]);
}

/** Runs a program, and prints its output when it ends, so that the outputs of several are not mixed. */
async function run(program, args) {
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, { cwd: root, maxBuffer: 2 ** 26 });
    process.stderr.write(stdout + stderr);
  } catch (error) {
    process.stderr.write((error.stdout ?? '') + (error.stderr ?? ''));
    throw error;
  }
}

function mtime(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function removeOutputsWithoutSource(directory) {
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const source = join(root, 'src', relative(directory, path).replace(/(\.d)?\.[jt]s$/, '.ts'));
    if (entry.isFile() && !existsSync(source)) rmSync(path);
  }
}

// Replaces the modules of tsc, of which vmlet.js is a bundle.
rmSync(join(dist, 'bin'), { recursive: true });
mkdirSync(join(dist, 'bin'));
writeFileSync(join(dist, 'bin/package.json'), '{"type":"commonjs"}\n');
const bundles = await buildCommandFiles(root, join(dist, 'bin'));
const packages = [...new Set(bundles.flatMap(({ metafile }) => bundledPackages(metafile)))].sort();
writeFileSync(join(dist, 'bin/THIRD-PARTY.txt'), licenceTexts(root, packages));
chmodSync(join(dist, 'bin/vmlet.js'), 0o755);
await writeManPages();
await writeOpenApi();
removeUnpublished(dist, packageJson.exports);
// Two renames keep the time without dist/ short for commands that run meanwhile.
const superseded = `${finished}.${process.pid}.old`;
if (existsSync(finished)) renameSync(finished, superseded);
renameSync(dist, finished);
rmSync(superseded, { recursive: true, force: true });

/** TypeScript 6.0 leaves `import('./file.ts')` as it is in functions that it has to rewrite for `await using`. */
function rewriteLazyImports(folder) {
  for (const name of readdirSync(folder, { recursive: true })) {
    const path = join(folder, name);
    if (!path.endsWith('.js')) continue;
    const text = readFileSync(path, 'utf8');
    const rewritten = text.replaceAll(/(\bimport\('\.{1,2}\/[^']+)\.ts'\)/g, "$1.js')");
    if (rewritten !== text) writeFileSync(path, rewritten);
  }
}
