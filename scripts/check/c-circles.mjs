// Fails on circular includes between C files. A .c file and its .h count as one.
import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

const root = join(import.meta.dirname, '../..', 'native');
let failed = false;

for (const program of readdirSync(root, { withFileTypes: true })) {
  if (!program.isDirectory()) continue;
  // Shared code is a part of each program.
  const circle = circleOf(arrowsOf([...new Set([program.name, 'shared'])].map((name) => join(root, name))));
  if (circle === undefined) continue;
  process.stderr.write(`native/${program.name} has a circle: ${circle.join(' → ')}\n`);
  failed = true;
}
if (failed) process.exitCode = 1;

function arrowsOf(directories) {
  const arrows = new Map();
  for (const path of directories.flatMap(sourcesIn)) {
    const from = basename(path).replace(/\.[ch]$/, '');
    const includes = [...readFileSync(path, 'utf8').matchAll(/^#include "(\w+)\.h"/gm)];
    const to = includes.map(([, name]) => name).filter((name) => name !== from);
    arrows.set(from, [...(arrows.get(from) ?? []), ...to]);
  }
  return arrows;
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
