// Builds the page of `vmlet ui` into a folder and checks its size: first what a browser loads at once, then everything.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { bundledPackages, licenceTexts } from './licences.mjs';

const root = join(import.meta.dirname, '../..');
const KILOBYTE = 1000;
/** The most that may be loaded, in bytes with gzip, and the most that the package may contain. */
const BUDGET = { first: 30 * KILOBYTE, all: 160 * KILOBYTE, files: 600 * KILOBYTE };

/** Builds into `folder` unless it already has the page of the present sources. */
export async function buildPage(folder) {
  const digest = digestOfSources();
  const note = `${folder}.sha256`;
  if (existsSync(folder) && existsSync(note) && readFileSync(note, 'utf8') === digest) return;
  rmSync(note, { force: true });
  mkdirSync(dirname(folder), { recursive: true });
  // Tests run the build with NODE_ENV=test, for which Vite would make another page.
  process.env.NODE_ENV = 'production';
  const { build } = await import('vite');
  const { output } = await build({
    configFile: join(root, 'page/vite.config.ts'),
    build: { outDir: folder, emptyOutDir: true },
  });
  writeFileSync(join(folder, 'THIRD-PARTY.txt'), thirdParty(output));
  checkBudget(output);
  writeFileSync(note, digest);
}

function digestOfSources() {
  const sources = readdirSync(join(root, 'page'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const hash = createHash('sha256');
  for (const path of [...sources, join(root, 'package-lock.json'), import.meta.filename]) {
    hash.update(path).update(readFileSync(path));
  }
  return hash.digest('hex');
}

function thirdParty(output) {
  const modules = output.flatMap((chunk) => chunk.moduleIds ?? []).concat(styleSheets());
  const inputs = Object.fromEntries(modules.map((path) => [path.slice(root.length + 1), {}]));
  return licenceTexts(root, bundledPackages({ outputs: { page: { inputs } } }), 'page');
}

/** Style sheets that the sources import from packages: the output names no modules for them. */
function styleSheets() {
  return ['node_modules/@xterm/xterm/css/xterm.css'].map((path) => join(root, path));
}

function checkBudget(output) {
  const sizes = new Map(
    output.map((file) => [file.fileName, gzipSync(file.code ?? file.source, { level: 9 }).length]),
  );
  const html = output.find(({ fileName }) => fileName === 'index.html');
  const first = [...sizes].filter(([name]) => name === 'index.html' || String(html.source).includes(name));
  const total = (entries) => entries.reduce((sum, [, size]) => sum + size, 0);
  const used = {
    first: total(first),
    all: total([...sizes]),
    files: output.reduce((sum, { code, source }) => sum + Buffer.byteLength(code ?? source), 0),
  };
  for (const [name, most] of Object.entries(BUDGET)) {
    if (used[name] <= most) continue;
    throw new Error(`the page is too large (${name}): ${used[name]} bytes, ${most} at most`);
  }
  if (process.env.VMLET_PAGE_SIZES) console.error(used, Object.fromEntries(sizes));
}
