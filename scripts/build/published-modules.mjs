// Which compiled modules users of the package can reach: from its exports, by imports.
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

/** Modules that no module imports, because a thread starts with them. */
const STARTED = ['images/digest/digest-thread'];
/** Built by esbuild and Vite, without the compiled modules. */
const BUNDLES = ['bin', 'page'];

/** Removes the compiled modules and declarations that neither the exports of the package nor threads need. */
export function removeUnpublished(dist, exports) {
  const starts = Object.values(exports)
    .filter(({ types }) => types !== undefined)
    .map(({ types }) => relative('dist', types).replace(/\.d\.ts$/, ''));
  const published = new Set([
    ...reached(dist, '.d.ts', starts),
    // A module of types alone is imported by declarations only, and its code is empty.
    ...reached(dist, '.js', [...starts, ...STARTED]),
  ]);
  for (const entry of readdirSync(dist, { withFileTypes: true })) {
    if (entry.isDirectory() && !BUNDLES.includes(entry.name)) removeFrom(join(dist, entry.name));
  }

  function removeFrom(folder) {
    let isEmpty = true;
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) isEmpty = removeFrom(path) && isEmpty;
      else if (/\.(js|d\.ts)$/.test(entry.name) && !published.has(path)) rmSync(path);
      else isEmpty = false;
    }
    if (isEmpty) rmSync(folder, { recursive: true });
    return isEmpty;
  }
}

function reached(dist, suffix, starts) {
  const paths = new Set();
  const open = starts.map((start) => join(dist, `${start}${suffix}`));
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (paths.has(path)) continue;
    paths.add(path);
    const { importedFiles } = ts.preProcessFile(readFileSync(path, 'utf8'));
    for (const { fileName } of importedFiles) {
      if (fileName.startsWith('.')) open.push(join(path, '..', fileName.replace(/\.[jt]s$/, suffix)));
    }
  }
  return paths;
}
