import { lstatSync, readlinkSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isSystemError } from '../../errors/index.ts';

/** A symbolic link on the way to a file, with its target. */
export interface Link {
  readonly path: string;
  readonly target: string;
}

/** A resolved path. */
export interface FoundPath {
  /** Without symbolic links. */
  readonly path: string;
  readonly kind: 'directory' | 'file';
  /** The symbolic links that were followed; only the last part of each path is a link. */
  readonly links: readonly Link[];
}

/** Resolves a path. */
export type FindPath = (path: string) => FoundPath | undefined;

/** The kernel's own limit (path_resolution(7)). */
const MOST_LINKS = 40;

/** Returns undefined for a path that is missing or not visible. */
export function findOnDisk(path: string): FoundPath | undefined {
  return finderOnDisk()(path);
}

/** Returns a `findOnDisk` for many paths at one moment, which looks at the directories above them only once. */
export function finderOnDisk(): FindPath {
  const targets = new Map<string, string | undefined>();
  const targetAt = (here: string): string | undefined => {
    if (targets.has(here)) return targets.get(here);
    const target = lstatSync(here).isSymbolicLink() ? readlinkSync(here) : undefined;
    targets.set(here, target);
    return target;
  };
  return (path) => {
    try {
      const followed = follow(path, targetAt);
      if (!followed) return undefined;
      const { real, links } = followed;
      return { path: real, links, kind: statSync(real).isDirectory() ? 'directory' : 'file' };
    } catch (error) {
      // Nothing to allow. The program that needs the file reports this better.
      if (isSystemError(error)) return undefined;
      throw error;
    }
  };
}

/** Resolves a directory that exists when it is used; missing parts will be created without links. */
export function findDirectory(path: string): FoundPath {
  const found = findOnDisk(path);
  if (found) return { ...found, kind: 'directory' };
  const above = dirname(path);
  if (above === path) return { path, kind: 'directory', links: [] };
  const parent = findDirectory(above);
  return { ...parent, path: join(parent.path, path.slice(above.length)) };
}

/** @param targetAt reads a symbolic link; undefined for what is none. */
function follow(
  path: string,
  targetAt: (here: string) => string | undefined,
): { readonly real: string; readonly links: readonly Link[] } | undefined {
  const links: Link[] = [];
  let real = '/';
  const rest = partsOf(path);
  for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
    if (part === '..') {
      real = dirname(real);
      continue;
    }
    const here = join(real, part);
    const target = targetAt(here);
    if (target === undefined) {
      real = here;
      continue;
    }
    if (links.length === MOST_LINKS) return undefined;
    links.push({ path: here, target });
    rest.unshift(...partsOf(target));
    if (target.startsWith('/')) real = '/';
  }
  return { real, links };
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}
