// Fails on circular includes between C files, or between folders of one program. A .c file and its .h count as one; files
// beside main.c count as a folder.
import { readFileSync, readdirSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

const root = join(import.meta.dirname, '../..', 'native');
let failed = false;

for (const program of readdirSync(root, { withFileTypes: true })) {
  if (!program.isDirectory()) continue;
  // Shared code is a part of each program, whose own files come last, since it finds those of one name first.
  const files = [...new Set(program.name === 'shared' ? ['shared'] : ['shared', program.name])].flatMap(
    (name) => sourcesIn(join(root, name)),
  );
  for (const circle of [circleOf(arrowsOf(files, unitOf)), circleOf(arrowsOf(files, folderOf))]) {
    if (circle === undefined) continue;
    process.stderr.write(`native/${program.name} has a circle: ${circle.join(' → ')}\n`);
    failed = true;
  }
}
if (failed) process.exitCode = 1;

/** @param nodeOf the file or folder that a path belongs to. */
function arrowsOf(files, nodeOf) {
  const paths = new Map(files.map((path) => [unitOf(path), path]));
  const arrows = new Map();
  for (const path of files) {
    const from = nodeOf(path);
    const includes = [...readFileSync(path, 'utf8').matchAll(/^#include "(\w+)\.h"/gm)];
    const to = includes.flatMap(([, name]) => (paths.has(name) ? [nodeOf(paths.get(name))] : []));
    arrows.set(from, [...(arrows.get(from) ?? []), ...to.filter((node) => node !== from)]);
  }
  return arrows;
}

function unitOf(path) {
  return basename(path).replace(/\.[ch]$/, '');
}

function folderOf(path) {
  return relative(root, dirname(path));
}

function sourcesIn(directory) {
  return readdirSync(directory, { recursive: true })
    .filter((name) => /\.[ch]$/.test(name))
    .map((name) => join(directory, name));
}

function circleOf(arrows) {
  const done = new Set();
  const visit = (name, way) => {
    if (way.includes(name)) return [...way.slice(way.indexOf(name)), name];
    if (done.has(name)) return undefined;
    for (const next of arrows.get(name) ?? []) {
      const circle = visit(next, [...way, name]);
      if (circle) return circle;
    }
    done.add(name);
    return undefined;
  };
  for (const name of arrows.keys()) {
    const circle = visit(name, []);
    if (circle) return circle;
  }
  return undefined;
}
